import { Server } from 'node:net'
import { loopTurn, now } from './clock'

/** How long (ms) the accept queue may keep the listener open. */
const CAP = 200
/** Turns of the loop without a new connection after which the queue counts as empty. */
const QUIET_TURNS = 2

/**
 * Goes on accepting until the accept queue is quiet: a listener that closes resets what is still in it, and libuv
 * accepts only a few connections a turn. Then nothing new is accepted.
 * Call it while new requests are held: whoever is answered with `Connection: close` before the listener is gone
 * comes back to this very process.
 */
export async function quietAcceptQueue(servers: Iterable<Server>): Promise<void> {
  const listening = [...servers].filter((server) => server.listening)
  if (listening.length === 0) return
  const deadline = now() + CAP
  let quiet = 0
  const arrived = () => {
    quiet = 0
  }
  for (const server of listening) server.on('connection', arrived)
  while (quiet < QUIET_TURNS && now() < deadline) {
    quiet++
    await loopTurn()
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
