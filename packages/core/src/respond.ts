import { Readable } from 'node:stream'
import statuses from 'statuses'
import { type Context } from './context'
import { isStream } from './response'

/** Turns `ctx.body` into bytes. Does nothing if `ctx.respond` is false. */
export function respond(ctx: Context): void {
  if (ctx.respond === false) return
  const { res, response } = ctx
  if (!ctx.writable) {
    res.end()
    return
  }

  const { status } = ctx
  if (statuses.empty[status]) {
    ctx.body = null // strips the headers of a body
    res.end()
    return
  }

  let { body } = ctx
  if (ctx.method === 'HEAD') {
    if (!res.headersSent && !response.has('Content-Length')) {
      const { length } = response
      if (length !== undefined) ctx.length = length
    }
    response.settleHeaders()
    res.end()
    return
  }

  if (body == null) {
    if (response.explicitNull) {
      response.remove('Content-Type')
      response.remove('Transfer-Encoding')
      ctx.length = 0
      res.end()
      return
    }
    // RFC 9113 §8.3.1: HTTP/2 has no reason phrase
    body = ctx.req.httpVersionMajor >= 2 ? String(status) : ctx.message || String(status)
    if (!res.headersSent) {
      response.remove('Content-Type')
      response.remove('Content-Length')
      send(ctx, body as string, 'text/plain; charset=utf-8')
      return
    }
  }

  if (typeof body === 'string' || Buffer.isBuffer(body)) send(ctx, body)
  else if (isStream(body)) stream(ctx, body)
  else if (body instanceof Blob) stream(ctx, Readable.from(body.stream()))
  else if (body instanceof ReadableStream) stream(ctx, Readable.from(body))
  else if (body instanceof globalThis.Response) stream(ctx, Readable.from(body.body ?? ''))
  else send(ctx, JSON.stringify(body))
}

/**
 * Head and body in one write, with what the body implies in a flat list:
 * `writeHead` with an array costs less than `setHeader` for each (Node lib/_http_server.js, v20.20).
 */
function send(ctx: Context, body: string | Buffer, type?: string): void {
  const { res, response } = ctx
  if (res.headersSent) {
    res.end(body)
    return
  }
  const implied = response.takeImplied()
  const contentType = type ?? implied.type
  const headers: (string | number)[] = []
  if (contentType !== undefined) headers.push('Content-Type', contentType)
  if (!res.hasHeader('Content-Length') && !res.hasHeader('Transfer-Encoding')) {
    headers.push('Content-Length', typeof body === 'string' ? Buffer.byteLength(body) : body.length)
  }
  if (ctx.req.httpVersionMajor < 2) {
    res.writeHead(res.statusCode, headers as string[])
  } else {
    // the compat API takes no flat list before Node 22
    for (let i = 0; i < headers.length; i += 2) res.setHeader(headers[i] as string, headers[i + 1] as string)
  }
  res.end(body)
}

/**
 * Pipes a body. One that fails before its first byte becomes a proper error response; after it, the connection is
 * destroyed, so that a truncated body does not look whole. One whose client leaves is destroyed.
 */
function stream(ctx: Context, body: Readable): void {
  const { res, response } = ctx
  response.settleHeaders()
  body.once('error', (error) => ctx.onerror(error))
  if (body !== ctx.body) res.once('close', () => body.destroy()) // ctx.body itself is destroyed with the lifetime
  if (body.errored) ctx.onerror(body.errored)
  else if (body.destroyed && !body.readableEnded) ctx.onerror(new Error('The body stream was destroyed before it was sent'))
  else body.pipe(res)
}
