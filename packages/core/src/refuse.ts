import { type ServerResponse } from 'node:http'
import { type Http2ServerResponse } from 'node:http2'
import { type Socket } from 'node:net'
import { clearTimeout, setTimeout } from './clock'

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
  const { socket } = res
  if (res.chunkedEncoding && socket?.writable) {
    breakChunks(socket)
    return
  }
  // One that waits behind another response has sent nothing yet, and its connection is closed after that one. To reset
  // it then would take from the client what it has not yet read of the answer before. Node 24 does neither by itself.
  if (socket === null) res.once('socket', (later) => later.destroy())
  else resetSocket(socket)
  res.destroy()
}

/**
 * Where the size of a chunk would be. A parser that reads all of it refuses the `!`; one that takes the digits it finds
 * has a size that it refuses, or that never comes.
 */
const NO_CHUNK_SIZE = 'FFFFFFFFFFFFFFFFFF!\r\n'
/** How long (ms) a client may take to leave then, or to read on if it has not read all, before its connection is reset. */
const LINGER = 1_000

const broken = new WeakSet<Socket>()

/**
 * A reset alone does not do for a body in chunks: it takes from a slow client what the kernel holds for it, TLS and unix
 * sockets have none, and fetch of Node 20 takes a body for whole that is cut off after a head with `Connection: close`.
 */
function breakChunks(socket: Socket): void {
  if (broken.has(socket)) return
  broken.add(socket)
  socket.write(NO_CHUNK_SIZE)
  let unread = socket.writableLength
  const end = (): void => {
    if (socket.writableLength < unread) {
      unread = socket.writableLength
      timer = setTimeout(end, LINGER)
      return
    }
    resetSocket(socket)
    socket.destroy()
  }
  let timer = setTimeout(end, LINGER)
  socket.once('close', () => clearTimeout(timer))
}

function resetSocket(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    // Only TCP has a reset. TLS tells by the missing close_notify, a unix socket not at all.
  }
}
