import { type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'

/**
 * The response that Node writes to a connection now; those queued behind it take its place one by one.
 *
 * Member: `socket._httpMessage`, undocumented, null or absent between two responses (lib/_http_outgoing.js,
 * assignSocket and detachSocket, v20.20, v22.23, v24.21, v26.10).
 * Gain: a request that is answered by a listener which no record of ours knows is not taken for an idle connection.
 * If Node changes: such requests are no longer seen, and cut off once their connection seems idle; all others are.
 */
export function openResponse(socket: Socket): ServerResponse | undefined {
  const { _httpMessage: res } = socket as Socket & { _httpMessage?: Partial<ServerResponse> | null }
  if (typeof res !== 'object' || res === null || typeof res.once !== 'function' || typeof res.req !== 'object') return undefined
  return res.closed === true || res.writableFinished === true ? undefined : (res as ServerResponse)
}

/**
 * Whether the head of a response is made, and said that the connection ends after it.
 *
 * Member: `res._last`, undocumented: Node ends the socket after a response that has it, and drops what is queued behind
 * (lib/_http_outgoing.js, _storeHeader; lib/_http_server.js, resOnFinish; v20.20, v22.23, v24.21, v26.10).
 * Gain: also told of heads that were made before the stop, or from a list that was given to `writeHead`.
 * If Node changes: the headers that can be read decide.
 */
export function endsConnection(res: ServerResponse): boolean {
  if (!res.headersSent) return false
  const { _last: last } = res as ServerResponse & { _last?: unknown }
  if (typeof last === 'boolean') return last
  return !res.shouldKeepAlive || /\bclose\b/i.test(String(res.getHeader('connection')))
}
