import { type ServerResponse } from 'node:http'
import { type ServerHttp2Stream } from 'node:http2'
import { setImmediate } from './clock'
import { StreamResponse, streamOf } from './http2-exchange'

/**
 * Answers 503 as problem+json (RFC 9457), `Retry-After: 1`, `Connection: close`.
 * Only for a response whose head is not sent. Headers set before are dropped; what its handler writes later is ignored.
 * @returns when it is flushed, or its client gone
 */
export function refuse(res: ServerResponse, reason: Error): Promise<void> {
  const body = JSON.stringify({ type: 'about:blank', title: 'Service Unavailable', status: 503, detail: reason.message })
  const stream = streamOf(res)
  if ((res as unknown) instanceof StreamResponse) return refuseStream(stream as ServerHttp2Stream, body)
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  res.statusCode = 503
  if (stream === undefined) {
    res.statusMessage = 'Service Unavailable'
    res.setHeader('Connection', 'close') // HTTP/2 forbids it (RFC 9113 §8.2.2)
  }
  res.setHeader('Content-Type', 'application/problem+json')
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.setHeader('Retry-After', '1')
  res.on('error', () => {}) // a handler that ignored its signal writes after the end
  return new Promise((resolve) => {
    res.once('close', resolve)
    res.end(body, () => {
      stream?.close()
      resolve()
    })
  })
}

/** The same on a stream of which nobody has made a response. */
function refuseStream(stream: ServerHttp2Stream, body: string): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.closed) return resolve()
    stream.on('error', () => {})
    stream.once('close', resolve)
    const headers = { 'content-type': 'application/problem+json', 'content-length': Buffer.byteLength(body), 'retry-after': '1' }
    try {
      stream.respond({ ':status': 503, ...headers })
    } catch (error) {
      stream.destroy(error as Error) // its client or its handler was faster
      return
    }
    // One whose upload is not read to its end would stay open: RFC 9113 §8.1 lets us say that we need no more of it.
    const finished = () => {
      stream.close()
      resolve()
    }
    if (stream.writableEnded) setImmediate(finished) // of HEAD: newer Nodes send its head after this turn
    else stream.end(body, finished)
  })
}

/**
 * Resets an HTTP/2 response that has begun, so that its client does not take the part it has for the whole.
 * `stream.close(code)` would not: it ends the response first (Node lib/internal/http2/core.js, closeStream, v20-26).
 * @returns when the stream is closed
 */
export function resetStream(res: ServerResponse): Promise<void> {
  const stream = streamOf(res)
  return new Promise((resolve) => {
    if (stream === undefined || stream.destroyed) return resolve()
    stream.once('close', resolve)
    stream.on('error', () => {}) // the one that it is destroyed with
    if (stream.state.localClose === 1) stream.close() // is whole, and waits for the end of its upload
    else stream.destroy(new Error('The server is stopping: the response is cut'))
  })
}
