import { subscribe } from 'node:diagnostics_channel'
import { type Server } from 'node:net'
import { nextTick } from '../clock'
import { standIn } from '../stand-in'

/**
 * Tells when the `signal` of `server.listen({ signal })` aborts, and keeps Node from closing the server then, if somebody
 * stops it instead: its `server.close()` sweeps idle connections, which loses the requests that are on their way.
 *
 * Node publishes each `listen` with its options before it adds its own listener to the signal (channel
 * 'tracing:net.server.listen:asyncStart'; lib/net.js, Server.listen and addServerAbortSignalOption, v20.20, v22.23, v24.21,
 * v26.10). The channel is documented, what is in `options` is not. If Node changes: such a server is closed by Node.
 * @param aborted - gets the server; returns whether it stops it
 */
export function onAbortedListen(aborted: (server: Server) => boolean): void {
  subscribe('tracing:net.server.listen:asyncStart', (message) => {
    const { server, options } = message as { server: Server; options?: { signal?: unknown } }
    const signal = options?.signal
    if (!(signal instanceof AbortSignal)) return
    const act = (): void => {
      if (!server.listening || !aborted(server)) return
      const restore = standIn(server, 'close', () => server)
      nextTick(() => restore?.())
    }
    if (signal.aborted) return nextTick(act) // Node's is queued after it
    signal.addEventListener('abort', act, { once: true })
    server.once('close', () => signal.removeEventListener('abort', act))
  })
}
