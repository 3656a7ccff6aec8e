import { subscribe } from 'node:diagnostics_channel'
import { linkSync, lstatSync, renameSync, rmSync } from 'node:fs'
import { type Server } from 'node:net'

/** Node publishes here when any server listens (documented as `net.server.listen`, v18.20-26). */
const LISTENING = 'tracing:net.server.listen:asyncEnd'

/** What a path named when a server had begun to listen on it. Of all servers, because Node tells it only then. */
const bound = new WeakMap<Server, string>()

subscribe(LISTENING, (message) => {
  const { server } = message as { server: Server }
  const path = pathOf(server)
  const id = path === undefined ? undefined : identify(path)
  if (id !== undefined) bound.set(server, id)
})

/**
 * Closes a listener so that the path of its unix socket stays if it is another's by now: Node unlinks it by its name
 * (libuv, uv__pipe_close), and clients of the successor would find nothing. The path has a second name meanwhile, from
 * which it is made again in the same turn: between, for some µs, it is not there.
 * @param handover - it stays in any case
 * @param close - closes the listener, synchronously
 */
export function keepPath(server: Server, handover: boolean, close: () => void): void {
  const path = pathOf(server)
  if (path === undefined || !(handover || isAnothers(server, path))) {
    close()
    return
  }
  const aside = `${path}.${process.pid}`
  const isLinked = attempt(() => linkSync(path, aside)) || attempt(() => renameSync(path, aside)) // where links are not allowed
  try {
    close()
  } finally {
    if (isLinked) {
      // Not by renaming: it would overwrite what somebody has bound in the gap, and do nothing if the path is still there.
      if (!attempt(() => linkSync(aside, path)) && identify(path) === undefined) attempt(() => renameSync(aside, path))
      attempt(() => rmSync(aside, { force: true }))
    }
  }
}

/** undefined for TCP, named pipes, Linux's abstract sockets, and what the process did not bind itself. */
function pathOf(server: Server): string | undefined {
  const address = server.address()
  if (typeof address !== 'string' || process.platform === 'win32' || address.startsWith('\0')) return undefined
  return address
}

/** Somebody has bound the path anew, as successors do that bind another name and rename it. */
function isAnothers(server: Server, path: string): boolean {
  const id = bound.get(server)
  return id !== undefined && id !== identify(path)
}

/** As long as a socket is open, no other file has its number. */
function identify(path: string): string | undefined {
  try {
    const { dev, ino } = lstatSync(path, { bigint: true })
    return `${dev} ${ino}`
  } catch {
    return undefined
  }
}

function attempt(act: () => void): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}
