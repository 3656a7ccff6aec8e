import { Buffer } from 'node:buffer' // the global is a getter
import { type IncomingMessage } from 'node:http'
import { type Readable } from 'node:stream'
import { inspect } from 'node:util'
import { createHttpError } from './http-error'
import { type BodyTaker, Incoming } from './incoming'
import { lazy } from './lazy'
import { type Lifetime } from './lifetime'

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
 * The body of one request: read at the first call of `read`, inflated, and kept for the others.
 * Ends with the abort of its request, whose reason it then rejects with.
 */
export class RequestBody implements BodyTaker {
  readonly #req: IncomingMessage
  readonly #life: Lifetime
  #state: 'unread' | 'reading' | 'read' | 'failed' = 'unread'
  #limit = MIB
  #inflater: Inflater | undefined = undefined
  #chunks: Buffer[] = []
  #size = 0
  /** Those who wait while it is read. */
  #waiting: (() => void)[] = []
  #bytes: Buffer | undefined = undefined
  #error: unknown = undefined

  constructor(req: IncomingMessage, life: Lifetime) {
    this.#req = req
    this.#life = life
  }

  /**
   * What `parse` makes of the whole body. One promise for both: a second one would cost 1.1k instructions (Node 20).
   * @throws by the promise: RangeError if `limit` is no size; HttpError 413 (too large), 415 (an encoding we do not know),
   *   400 (cannot be inflated); TypeError if somebody else has read the body; what `parse` throws
   */
  read<T>(parse: (body: Buffer) => T, options: BodyOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const { limit = MIB } = options
      if (typeof limit !== 'number' || !(limit >= 0)) {
        throw new RangeError(`Cannot read a body with limit ${inspect(limit)}: it must be a number of bytes, 0 or more, or Infinity`)
      }
      const settle = () => {
        if (this.#state === 'failed') {
          reject(this.#error)
          return
        }
        try {
          resolve(parse(this.#bytes as Buffer))
        } catch (error) {
          reject(error)
        }
      }
      if (this.#state === 'unread') this.#begin(limit)
      if (this.#state === 'reading') this.#waiting.push(settle)
      else settle()
    })
  }

  #begin(limit: number): void {
    this.#limit = limit
    this.#state = 'reading'
    const req = this.#req
    try {
      this.#inflater = inflaterOf(req, this.#life, limit)
      if (this.#wasDropped()) throw new TypeError('Cannot read the body: its request was answered, and Node has dropped it')
      if (req.readableEnded) { // it has none, and Node was told to make no more of it (optimizeEmptyRequests)
        this.takeEnd()
        return
      }
      this.#life.onAbort(this) // also tells, better than the stream's ECONNRESET, that the client has left
      if (this.#inflater !== undefined) {
        this.#inflater.on('error', () => this.fail(createHttpError(400, 'The body cannot be inflated: it is not what its Content-Encoding says')))
        this.#listen(req.pipe(this.#inflater))
      } else if (!Incoming.handOver(req, this)) {
        this.#listen(req)
      }
    } catch (error) {
      this.#settle('failed', error)
    }
  }

  /** What nobody has begun to read when the response is finished Node drops (lib/_http_server.js, resOnFinish, v20.20). */
  #wasDropped(): boolean {
    const { headers, httpVersionMajor } = this.#req
    const { writableFinished, socket } = this.#life.ctx.res
    if (httpVersionMajor >= 2 || !writableFinished || socket !== null) return false // finished, and its socket let go
    if (this.#req.listenerCount('data') > 0 || this.#req.listenerCount('readable') > 0) return false
    return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0
  }

  /** For good: what comes once the reading has ended is dropped, and to take listeners off costs more than they do. */
  #listen(source: Readable): void {
    source.on('data', (chunk: Buffer) => this.takeChunk(chunk)).on('end', () => this.takeEnd())
  }

  takeChunk(chunk: Buffer | Uint8Array | string): void {
    if (this.#state !== 'reading') return
    if (typeof chunk === 'string' && this.#req.readableEncoding !== null) {
      this.fail(decoded(this.#req))
      return
    }
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array) // a stand-in of Node's request may have others
    this.#size += bytes.length
    if (this.#size > this.#limit) this.fail(tooLarge(this.#limit))
    else this.#chunks.push(bytes)
  }

  takeEnd(): void {
    if (this.#state !== 'reading') return
    const chunks = this.#chunks
    try {
      this.#bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, this.#size)
    } catch (error) {
      this.#settle('failed', createHttpError(413, `The body's ${this.#size} bytes do not fit into memory`, { cause: error }))
      return
    }
    this.#settle('read')
  }

  handBack(): void {
    this.#listen(this.#req)
  }

  /** What is left is read and dropped: a client that is cut off while it sends may not see the answer. */
  fail(error: unknown): void {
    if (this.#state !== 'reading') return
    const req = this.#req
    Incoming.release(req, this)
    if (this.#inflater !== undefined) {
      req.unpipe(this.#inflater)
      this.#inflater.destroy()
    }
    req.resume()
    this.#settle('failed', error)
  }

  #settle(state: 'read' | 'failed', error?: unknown): void {
    this.#life.offAbort(this)
    this.#state = state
    this.#error = error
    this.#chunks = []
    const waiting = this.#waiting
    this.#waiting = []
    for (const settle of waiting) settle()
  }
}

/** Before the first byte is read, so that a client that waits for 100 Continue sends none. */
function inflaterOf(req: IncomingMessage, life: Lifetime, limit: number): Inflater | undefined {
  if (Incoming.wasRead(req)) throw new TypeError('Cannot read the body: it was read already')
  if (req.readableEncoding !== null) throw decoded(req)
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

function decoded(req: IncomingMessage): Error {
  return new TypeError(`Cannot read the body: req.setEncoding('${req.readableEncoding}') was called, and its bytes are lost`)
}

function tooLarge(limit: number): Error {
  return createHttpError(413, `The body is larger than ${limit} bytes`)
}
