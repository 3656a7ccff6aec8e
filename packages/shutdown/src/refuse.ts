import { type ServerResponse } from 'node:http'
import { type Http2ServerResponse } from 'node:http2'

// RFC 9113 §7. To read it from node:http2 is to load node:http2, at the start of every server.
const INTERNAL_ERROR = 0x2

/**
 * Answers 503 as problem+json (RFC 9457), `Retry-After: 1`, `Connection: close`.
 * Only for a response whose head is not sent. Headers set before are dropped; what its handler writes later is ignored.
 * @returns when it is flushed, or its client gone
 */
export function refuse(res: ServerResponse, reason: Error): Promise<void> {
  const body = JSON.stringify({ type: 'about:blank', title: 'Service Unavailable', status: 503, detail: reason.message })
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  res.statusCode = 503
  if (res.req.httpVersionMajor < 2) {
    res.statusMessage = 'Service Unavailable'
    res.setHeader('Connection', 'close') // HTTP/2 forbids it (RFC 9113 §8.2.2)
  }
  res.setHeader('Content-Type', 'application/problem+json')
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.setHeader('Retry-After', '1')
  res.on('error', () => {}) // a handler that ignored its signal writes after the end
  return new Promise((resolve) => {
    res.once('close', resolve)
    res.end(body, resolve)
  })
}

/**
 * Resets an HTTP/2 response that has begun, so that its client does not take the part it has for the whole.
 * @returns when the stream is closed
 */
export function resetStream(res: ServerResponse): Promise<void> {
  const { stream } = res as unknown as Http2ServerResponse
  return new Promise((resolve) => {
    if (stream === undefined || stream.closed) return resolve()
    stream.once('close', resolve)
    stream.on('error', () => {}) // its own: INTERNAL_ERROR
    stream.close(INTERNAL_ERROR)
  })
}
