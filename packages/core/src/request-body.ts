import { Buffer, isUtf8 } from 'node:buffer' // the global is a getter
import { type IncomingMessage } from 'node:http'
import { type Readable } from 'node:stream'
import { inspect, TextDecoder } from 'node:util'
import { createHttpError } from './http-error'
import { lazy } from './lazy'
import { type Lifetime } from './lifetime'
import { typeIs } from './type-is'

const zlib = lazy<typeof import('node:zlib')>(() => require('node:zlib'))

/** How a body is read. */
export interface BodyOptions {
  /** The most it may come to (bytes, inflated). Default 1 MiB. */
  limit?: number
}

const MIB = 2 ** 20

/** No encoding (RFC 9110 §8.4.1, §12.5.3). */
const IDENTITY = 'identity'

type Inflater = NodeJS.ReadWriteStream & Readable

const INFLATE: Record<string, () => Inflater> = {
  'gzip': () => zlib().createGunzip(),
  'x-gzip': () => zlib().createGunzip(),
  'deflate': () => zlib().createInflate(),
  'br': () => zlib().createBrotliDecompress(),
}

/**
 * The whole body of a request, inflated.
 * @param life - of the request: its abort ends the reading with its reason
 * @throws RangeError if `limit` is no size; HttpError 413 (too large), 415 (an encoding we do not know),
 *   400 (cannot be inflated); TypeError if somebody else has read the body: all by the promise
 */
export function readBody(req: IncomingMessage, life: Lifetime, { limit = MIB }: BodyOptions = {}): Promise<Buffer> {
  // An async function that returned `collect`'s promise would cost two more.
  return new Promise((resolve, reject) => collect(req, inflaterOf(req, life, limit), life, limit, resolve, reject))
}

/** Before the first byte is read, so that a client that waits for 100 Continue sends none. */
function inflaterOf(req: IncomingMessage, life: Lifetime, limit: number): Inflater | undefined {
  if (typeof limit !== 'number' || !(limit >= 0)) {
    throw new RangeError(`Cannot read a body with limit ${inspect(limit)}: it must be a number of bytes, 0 or more, or Infinity`)
  }
  if (req.readableDidRead) throw new TypeError('Cannot read the body: it was read already')
  if (req.readableEncoding !== null) throw new TypeError(`Cannot read the body: req.setEncoding('${req.readableEncoding}') was called, and its bytes are lost`)
  if (life.reason !== undefined) throw life.reason as Error

  const encoding = req.headers['content-encoding']?.toLowerCase() || IDENTITY
  if (encoding === IDENTITY) {
    if (Number(req.headers['content-length']) > limit) throw tooLarge(limit)
    return undefined
  }
  const inflate = INFLATE[encoding]
  if (inflate === undefined) throw createHttpError(415, `The body's encoding ${encoding} is not known: it must be gzip, deflate, br or none`)
  return inflate()
}

function collect(
  req: IncomingMessage,
  inflater: Inflater | undefined,
  life: Lifetime,
  limit: number,
  resolve: (body: Buffer) => void,
  reject: (error: unknown) => void,
): void {
  if (req.readableEnded) { // it has none, and Node was told to make no more of it (optimizeEmptyRequests)
    resolve(Buffer.alloc(0))
    return
  }
  const source = inflater === undefined ? req : req.pipe(inflater)
  const chunks: Buffer[] = []
  let size = 0

  const onData = (chunk: Buffer) => {
    size += chunk.length
    if (size > limit) fail(tooLarge(limit))
    else chunks.push(chunk)
  }
  const onEnd = () => {
    life.offAbort(fail) // the stream's listeners hear no more, and to take them off costs more than they do
    resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size))
  }

  source.on('data', onData).on('end', onEnd)
  inflater?.on('error', () => fail(createHttpError(400, 'The body cannot be inflated: it is not what its Content-Encoding says')))
  life.onAbort(fail) // also tells, better than the stream's ECONNRESET, that the client has left

  /** What is left is read and dropped: a client that is cut off while it sends may not see the answer. */
  function fail(error: unknown): void {
    source.off('data', onData).off('end', onEnd)
    life.offAbort(fail)
    if (inflater !== undefined) {
      req.unpipe(inflater)
      inflater.destroy()
    }
    req.resume()
    reject(error)
  }
}

function tooLarge(limit: number): Error {
  return createHttpError(413, `The body is larger than ${limit} bytes`)
}

/**
 * @param charset - as Content-Type names it; '' is UTF-8
 * @throws HttpError 415 for a charset we do not know, 400 for bytes that are none of it
 */
export function decode(body: Buffer, charset: string): string {
  if (charset === '' || charset.toLowerCase() === 'utf-8') {
    const text = body.toString('utf8', startsWithMark(body) ? 3 : 0)
    if (text.includes(REPLACEMENT) && !isUtf8(body)) throw undecodable('utf-8')
    return text
  }
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(charset, { fatal: true })
  } catch {
    throw createHttpError(415, `The body's charset ${charset} is not known`)
  }
  try {
    return decoder.decode(body)
  } catch {
    throw undecodable(decoder.encoding)
  }
}

function undecodable(charset: string): Error {
  return createHttpError(400, `The body is not in the charset ${charset}`)
}

/** What bytes that are no UTF-8 become; a text may also hold it. */
const REPLACEMENT = '\ufffd'

/** The byte order mark, which is no part of the text (WHATWG Encoding, UTF-8 decode). */
function startsWithMark(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
}

/** @throws HttpError 400 with what is wrong and where */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (text.trim() === '') throw createHttpError(400, 'The body is empty: it must be JSON')
    throw createHttpError(400, `The body is not JSON: ${(error as Error).message}`)
  }
}

/** @param type - a request's Content-Type, or '' */
export function isJson(type: string): boolean {
  if (type.startsWith(JSON_TYPE) && (type.length === JSON_TYPE.length || type[JSON_TYPE.length] === ';')) return true
  return typeIs().is(type, 'json', '+json') !== false
}

const JSON_TYPE = 'application/json'
