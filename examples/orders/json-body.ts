import { on } from 'node:events'
import { createHttpError, type Context } from '@ebbjs/core'

/** How large (bytes) a body may be. */
const LIMIT = 1024 * 1024

/**
 * Reads a request's JSON.
 * @throws HttpError 415, 413 or 400; when the request is aborted meanwhile, its signal's reason
 */
export async function readJson(ctx: Context): Promise<unknown> {
  if (!ctx.is('json')) throw createHttpError(415, 'The body must be JSON: send Content-Type: application/json')
  const body = await read(ctx)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw createHttpError(400, `The body is not valid JSON: ${(error as Error).message}`)
  }
}

// Not `for await (… of req)`: leaving it early destroys the socket, and the client never reads why.
async function read({ req, signal }: Context): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const [chunk] of on(req, 'data', { signal, close: ['end'] }) as AsyncIterable<[Buffer]>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > LIMIT) throw createHttpError(413, `The body is too large: it may have ${LIMIT} bytes`)
  }
  return Buffer.concat(chunks)
}
