import { Server } from 'node:net'
import { loopTurn, now } from './clock'

/** Turns of the loop without a new connection after which the queue counts as empty, */
const QUIET_TURNS = 2
/** and the time (ms) that they must take: a client may send half a round trip before its connection is in the queue. */
const QUIET_TIME = 10
/** In a turn that takes longer (ms), with TLS handshakes, say, clients may have come that it had no time to accept. */
const BUSY_TURN = 1
/** After so long (ms) the first short turn that finds the queue empty is enough, and busy turns count as well. */
const CAP = 200
/** After so many turns more clients that keep coming are not waited for: Node 22 accepts one a turn, the queue has 511. */
const CAP_TURNS = 600

/**
 * Goes on accepting until the accept queue is quiet: a listener that closes resets what is still in it, and libuv
 * accepts only a few connections a turn. Then nothing new is accepted.
 * Call it while new requests are held: whoever is answered with `Connection: close` before the listener is gone
 * comes back to this very process.
 * @param latest - the moment at which it gives up
 */
export async function quietAcceptQueue(servers: Iterable<Server>, latest = Infinity): Promise<void> {
  const listening = [...servers].filter((server) => server.listening)
  if (listening.length === 0) return
  const begun = now()
  let quietSince = begun
  let quietTurns = 0
  let turnsOver = 0
  const stir = () => {
    quietSince = now()
    quietTurns = 0
  }
  for (const server of listening) server.on('connection', stir)
  while (turnsOver < CAP_TURNS && now() < latest) {
    const turned = now()
    quietTurns++
    await loopTurn()
    const busy = now() - turned > BUSY_TURN
    if (now() - begun < CAP) {
      if (busy) stir()
    } else {
      turnsOver++
      if (quietTurns > 0 && !busy) break
    }
    if (quietTurns >= QUIET_TURNS && now() - quietSince >= QUIET_TIME) break
  }
  for (const server of listening) server.off('connection', stir)
}

/**
 * Stops listening, and nothing else: http's own `close()` also ends connections whose response is ended but not yet
 * flushed to a slow reader, and truncates it (Node lib/_http_server.js, closeIdleConnections, v20.20).
 * A server that is about to listen is closed as soon as it does.
 */
export function stopListening(servers: Iterable<Server>): void {
  for (const server of servers) {
    if (server.listening) closeListener(server)
    else server.once('listening', () => closeListener(server))
  }
}

function closeListener(server: Server): void {
  Server.prototype.close.call(server)
}
