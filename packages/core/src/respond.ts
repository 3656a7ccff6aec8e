import { Buffer } from 'node:buffer' // the global is a getter
import { type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { isPlain, isStream } from './body-stream'
import { type Context, lifetime } from './context'
import { implyLength, implyType } from './outgoing'

/** Turns `ctx.body` into bytes. Does nothing if `ctx.respond` is false. */
export function respond(ctx: Context): void {
  if (ctx.respond === false) return
  const { res, response } = ctx
  if (!ctx.writable) {
    response.releaseBody() // set after the client has left
    res.end()
    return
  }

  const { status } = ctx
  if (isEmpty(status)) {
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
    implyType(res, 'text/plain; charset=utf-8')
    implyLength(res, body as string)
  }

  if (typeof body === 'string') res.end(body)
  else if (isPlain(body)) json(res, body)
  else if (Buffer.isBuffer(body)) res.end(body)
  else if (isStream(body)) stream(ctx, body)
  else if (body instanceof Blob) stream(ctx, Readable.from(body.stream()))
  else if (body instanceof ReadableStream) stream(ctx, Readable.from(body))
  else if (body instanceof globalThis.Response) stream(ctx, Readable.from(body.body ?? ''))
  else json(res, body)
}

/** Statuses whose responses have no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
function isEmpty(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

function json(res: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body) as string | undefined
  if (text === undefined) throw new TypeError(`Cannot answer with a ${typeof body}: it has no JSON`)
  implyLength(res, text)
  res.end(text)
}

/**
 * Pipes a body. One that fails before its first byte becomes a proper error response; after it, the connection is
 * destroyed, so that a truncated body does not look whole. One whose client leaves is destroyed.
 */
function stream(ctx: Context, body: Readable): void {
  const { res } = ctx
  body.on('error', (error) => ctx.onerror(error))
  body.once('close', () => {
    if (!body.readableEnded && !body.errored && !res.writableEnded && !ctx[lifetime].clientGone) ctx.onerror(new Error(DESTROYED))
  })
  if (body !== ctx.body) res.once('close', () => body.destroy()) // ctx.body itself is destroyed with the lifetime
  if (body.errored) ctx.onerror(body.errored)
  else if (body.destroyed && !body.readableEnded) ctx.onerror(new Error(DESTROYED))
  else body.pipe(res)
}

const DESTROYED = 'The body stream was destroyed before its end'
