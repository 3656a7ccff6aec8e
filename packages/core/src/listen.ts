import { lstatSync, unlinkSync } from 'node:fs'
import { type Server } from 'node:http'
import { connect } from 'node:net'
import { nextTick } from './clock'

/**
 * Lets a server listen as Node does, but on the path of a unix socket that nobody listens to any more, which a killed
 * process has left: that one is replaced. Costs nothing where the path is free.
 * @param given - what http.Server.listen takes
 * @param stopping - whether the server is not to listen any more
 */
export function listen(server: Server, given: readonly unknown[], stopping: () => boolean): void {
  const path = pathOf(given[0])
  const args = given as Parameters<Server['listen']>
  server.listen(...args)
  if (path === undefined || server.listening) return

  // The error is still to come, after listeners that are added in this tick: none of them is to hear of it in vain.
  const { emit } = server
  server.emit = function (this: Server, event: string, ...rest: unknown[]): boolean {
    if (event === 'error' || event === 'listening' || event === 'close') takeBack()
    if (event !== 'error' || (rest[0] as NodeJS.ErrnoException | undefined)?.code !== 'EADDRINUSE') {
      return Reflect.apply(emit, server, [event, ...rest]) as boolean
    }
    replace(server, path, rest[0] as Error, stopping, () => server.listen(...withoutCallback(args)))
    return true
  }
  const ours = server.emit
  const takeBack = (): void => {
    if (server.emit === ours) delete (server as Partial<Server>).emit // not if somebody has wrapped it meanwhile
  }
}

/** Listens in the place of a socket that nobody answers on, or has the error be heard. */
function replace(server: Server, path: string, error: Error, stopping: () => boolean, again: () => void): void {
  let closed = false
  const onClose = (): void => void (closed = true)
  server.once('close', onClose)
  const before = stampOf(path)
  const probe = connect(path)
  const decide = (isFree: boolean): void => {
    probe.destroy()
    server.off('close', onClose)
    if (server.listening) return
    if (isFree && (closed || stopping())) return
    // Another process may have replaced it since: then Node says whether the path is free.
    if (isFree && (before === undefined || before !== stampOf(path) || remove(path))) again()
    else nextTick(() => server.emit('error', error)) // thrown there, as Node throws it, if nobody listens
  }
  probe.once('connect', () => decide(false))
  probe.once('error', ({ code }: NodeJS.ErrnoException) => decide(code === 'ENOENT' || (code === 'ECONNREFUSED' && before !== undefined)))
}

function remove(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

/** What tells one socket at a path from another; undefined where there is no socket. A plain file refuses connections, too. */
function stampOf(path: string): string | undefined {
  try {
    const stat = lstatSync(path, { bigint: true })
    return stat.isSocket() ? `${stat.dev} ${stat.ino} ${stat.ctimeNs}` : undefined
  } catch {
    return undefined
  }
}

/** The path in the file system that Node would listen on: neither a port, nor an abstract socket, nor a pipe of Windows. */
function pathOf(first: unknown): string | undefined {
  const path = typeof first === 'object' && first !== null ? (first as { path?: unknown }).path : first
  if (typeof path !== 'string' || Number(path) >= 0 || path.startsWith('\0') || process.platform === 'win32') return undefined
  return path
}

/** Node has added the callback as a listener already. */
function withoutCallback(args: Parameters<Server['listen']>): Parameters<Server['listen']> {
  return args.filter((arg) => typeof arg !== 'function') as unknown as Parameters<Server['listen']>
}
