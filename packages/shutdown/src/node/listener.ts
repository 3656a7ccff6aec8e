import { type Server } from 'node:net'

interface Listener {
  readonly _handle?: object | null
  readonly _connectionKey?: unknown
}

/**
 * Whether the accept queue of a listening server is its own, so that what waits there is lost when it closes: also on a
 * port that others listen on by SO_REUSEPORT. A listener of node:cluster's, and one that was handed to the process as a
 * file descriptor or handle, shares its queue with others that go on accepting. In doubt it is its own: an accept
 * barrier that was not needed takes some ms, one that was missing loses requests.
 *
 * Members, all undocumented: a listener of node:cluster's is a handle with a `close` of its own, whatever the scheduling
 * policy (lib/internal/cluster/child.js, shared and rr); `_connectionKey` begins with `null:null:` for an inherited file
 * descriptor and with `-1:null:` for a handle (lib/net.js, setupListenHandle; v20.20, v22.23, v24.21, v26.10).
 * Gain: a hand-over loses nothing on SO_REUSEPORT, and does not wait on a port where it need not.
 * If Node changes: every queue counts as its own.
 */
export function hasOwnQueue(server: Server): boolean {
  const { _handle: handle, _connectionKey: key } = server as Server & Listener
  if (typeof handle !== 'object' || handle === null) return true
  return !Object.hasOwn(handle, 'close') && !/^(?:null|-1):null:/.test(String(key))
}
