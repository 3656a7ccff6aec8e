import { type ServerResponse } from 'node:http'
import { type Http2ServerResponse } from 'node:http2'
import { type Socket } from 'node:net'

/**
 * Answers 503 as problem+json (RFC 9457): try again, on another connection if `close`.
 * Only for a response whose head is not sent. Headers set before are dropped.
 */
export function refuse(res: ServerResponse | Http2ServerResponse, reason: unknown, close: boolean): void {
  const body = JSON.stringify({
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    detail: reason instanceof Error ? reason.message : 'The request was aborted',
  })
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  res.statusCode = 503
  if (res.req.httpVersionMajor < 2) {
    res.statusMessage = 'Service Unavailable'
    if (close) res.setHeader('Connection', 'close') // HTTP/2 forbids it (RFC 9113 §8.2.2)
  }
  res.setHeader('Content-Type', 'application/problem+json')
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.setHeader('Retry-After', '1')
  res.end(body)
}

/**
 * Ends a response that is begun so that its client can tell it from a whole one: a connection that is merely closed
 * looks like the end of a body without Content-Length (RFC 9112 §6.3).
 */
export function reset(res: ServerResponse | Http2ServerResponse): void {
  if ('stream' in res) {
    // `stream.close(code)` would end the response before it resets it (Node lib/internal/http2/core.js, closeStream, v20-26).
    res.stream.destroy(new Error('The response was cut'))
    return
  }
  if (res.socket === null) res.once('socket', resetSocket) // queued: it waits for the responses before it
  else resetSocket(res.socket)
  res.destroy()
}

function resetSocket(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    // Only TCP has a reset. TLS tells by the missing close_notify, a unix socket not at all.
  }
}
