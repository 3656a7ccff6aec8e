import { Server } from 'node:net'
import { loopTurn, now } from './clock'

/** Turns of the loop without a new connection after which the queue counts as empty, */
const QUIET_TURNS = 2
/** and the time (ms) that they must take: a client may send half a round trip before its connection is in the queue. */
const QUIET_TIME = 10
/** A turn that takes longer (ms) has had other work than to accept. */
const BUSY_TURN = 1
/** Clients that keep coming hold the listener open for so long (ms), */
const CAP = 200
/** but at least for so many turns: libuv accepts one connection a turn, the queue has 511, and a busy turn may take 300 ms. */
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
  const arrived = () => {
    quietSince = now()
    quietTurns = 0
  }
  const isQuiet = () => quietTurns >= QUIET_TURNS && now() - quietSince >= QUIET_TIME
  const isCapped = (turns: number) => (turns >= CAP_TURNS && now() - begun >= CAP) || now() >= latest
  for (const server of listening) server.on('connection', arrived)
  for (let turns = 0; !isQuiet() && !isCapped(turns); turns++) {
    quietTurns++
    const turned = now()
    await loopTurn()
    // In a turn that was busy (with TLS handshakes, say) clients may have arrived that it had no time to accept.
    if (now() - turned > BUSY_TURN && now() - begun < CAP) arrived()
  }
  for (const server of listening) server.off('connection', arrived)
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
