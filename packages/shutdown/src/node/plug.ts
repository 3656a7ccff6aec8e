import { subscribe } from 'node:diagnostics_channel'
import { type Server, Socket } from 'node:net'
import { nextTick } from '../clock'
import { hasOwnQueue } from './listener'

interface Handle {
  listen(backlog: number): number
  getpeername(out: object): number
}

/** Node publishes what a server was told to listen to (lib/net.js, Server.listen, v22.23-26.10; v20 has no reusePort). */
const LISTEN = 'tracing:net.server.listen:asyncStart'

/** What Node listens with unless it is told otherwise. */
const BACKLOG = 511

/** What connects to their port may come to another process. Of all servers, because Node tells it only then. */
const shared = new WeakSet<Server>()

subscribe(LISTEN, (message) => {
  const { server, options } = message as { server?: Server; options?: { reusePort?: unknown } }
  if (server !== undefined && options?.reusePort) shared.add(server)
})

/**
 * Fills the accept queue of a listener with a connection of our own, so that nobody comes into it between the last look
 * and the close: a queue that holds one takes ours only if it was empty. Clients that come in these µs are told nothing,
 * try again after 1 s, and are refused then, so that they may repeat their request.
 *
 * Members, undocumented: `server._handle` with `listen(backlog)`, by which Node itself listens, and a socket's `_handle`
 * with `getpeername(out)` (lib/net.js, setupListenHandle and Socket._getpeername; v20.20, v22.23, v24.21, v26.10). On
 * Linux, where a second listen(2) sets the backlog, for TCP, where the queue is the listener's own.
 * Gain: under 500 new connections a second on two busy cores, 2 requests lost in 400 stops, without it 8 in 240; one
 * client in two such stops is refused late.
 * If Node changes: nothing is filled, and listeners close without.
 * @param done - told in this very tick of the loop: false if somebody is in the queue, which then holds 511 again
 * @returns false where it cannot be done; nothing is told then
 */
export function plug(server: Server, done: (isClear: boolean) => void): boolean {
  const handle = handleOf(server)
  const address = server.address()
  if (process.platform !== 'linux' || handle === undefined || typeof address !== 'object' || address === null) return false
  if (shared.has(server) || !hasOwnQueue(server)) return false
  const socket = new Socket()
  socket.on('error', () => {})
  nextTick(() => handle.listen(0))
  // Node connects to an address in the next tick (lib/net.js, lookupAndConnect), and on one machine it is done at once.
  socket.connect({ host: reachable(address.address), port: address.port })
  nextTick(() => {
    const isFilled = handleOf(socket)?.getpeername({}) === 0
    const isImpossible = socket.destroyed // nobody can connect to that address, also not others
    if (!isFilled) handle.listen(BACKLOG)
    try {
      done(isFilled || isImpossible)
    } finally {
      socket.destroy()
    }
  })
  return true
}

function reachable(address: string): string {
  if (address === '::') return '::1'
  return address === '0.0.0.0' ? '127.0.0.1' : address
}

function handleOf(object: object): Handle | undefined {
  const { _handle: handle } = object as { _handle?: Partial<Handle> | null }
  return typeof handle?.listen === 'function' && typeof handle.getpeername === 'function' ? (handle as Handle) : undefined
}
