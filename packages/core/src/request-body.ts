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

type Parse<T> = (body: Buffer) => T

/**
 * The body of one request: read at the first call of `read`, inflated, and kept for the others.
 * Ends with the abort of its request, whose reason it then rejects with.
 */
export class RequestBody implements BodyTaker {
  readonly #req: IncomingMessage
  readonly #life: Lifetime
  #limit = MIB
  #inflater: Inflater | undefined = undefined
  /** What it is read from, unless the parser hands it over. */
  #source: Readable | undefined = undefined
  #chunks: Buffer[] = []
  #size = 0
  /** Those who wait for it. */
  #readers: (() => void)[] | undefined = undefined
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
  read<T>(parse: Parse<T>, options: BodyOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        if (this.#bytes === undefined) {
          reject(this.#error)
          return
        }
        try {
          resolve(parse(this.#bytes))
        } catch (error) {
          reject(error)
        }
      }
      if (this.#readers !== undefined) this.#readers.push(settle)
      else if (this.#bytes !== undefined || this.#error !== undefined) settle()
      else {
        this.#readers = [settle]
        this.#begin(options)
      }
    })
  }

  #begin({ limit = MIB }: BodyOptions): void {
    const req = this.#req
    try {
      this.#inflater = inflaterOf(req, this.#life, limit)
    } catch (error) {
      this.#settle(undefined, error)
      return
    }
    if (req.readableEnded) { // it has none, and Node was told to make no more of it (optimizeEmptyRequests)
      this.#settle(Buffer.alloc(0), undefined)
      return
    }
    this.#limit = limit
    this.#life.onAbort(this.#fail) // also tells, better than the stream's ECONNRESET, that the client has left
    if (this.#inflater !== undefined) {
      this.#inflater.on('error', () => this.#fail(createHttpError(400, 'The body cannot be inflated: it is not what its Content-Encoding says')))
      this.#listen(req.pipe(this.#inflater))
    } else if (!(req instanceof Incoming && req.handOver(this))) {
      this.#listen(req)
    }
  }

  #listen(source: Readable): void {
    this.#source = source
    source.on('data', this.takeChunk).on('end', this.takeEnd)
  }

  handBack(): void {
    this.#listen(this.#req)
  }

  readonly takeChunk = (chunk: Buffer | string): void => {
    if (typeof chunk === 'string') {
      this.#fail(decoded(this.#req))
      return
    }
    this.#size += chunk.length
    if (this.#size > this.#limit) this.#fail(tooLarge(this.#limit))
    else this.#chunks.push(chunk)
  }

  readonly takeEnd = (): void => {
    this.#life.offAbort(this.#fail) // the stream's listeners hear no more, and to take them off costs more than they do
    const chunks = this.#chunks
    this.#settle(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, this.#size), undefined)
  }

  /** What is left is read and dropped: a client that is cut off while it sends may not see the answer. */
  readonly #fail = (error: unknown): void => {
    if (this.#readers === undefined) return // an inflater may fail twice
    const req = this.#req
    this.#life.offAbort(this.#fail)
    this.#source?.off('data', this.takeChunk).off('end', this.takeEnd)
    if (req instanceof Incoming) req.takeBack()
    if (this.#inflater !== undefined) {
      req.unpipe(this.#inflater)
      this.#inflater.destroy()
    }
    req.resume()
    this.#settle(undefined, error)
  }

  #settle(bytes: Buffer | undefined, error: unknown): void {
    const readers = this.#readers as (() => void)[]
    this.#readers = undefined
    this.#chunks = []
    this.#bytes = bytes
    this.#error = error
    for (const settle of readers) settle()
  }
}

/** Before the first byte is read, so that a client that waits for 100 Continue sends none. */
function inflaterOf(req: IncomingMessage, life: Lifetime, limit: number): Inflater | undefined {
  if (typeof limit !== 'number' || !(limit >= 0)) {
    throw new RangeError(`Cannot read a body with limit ${inspect(limit)}: it must be a number of bytes, 0 or more, or Infinity`)
  }
  if (req.readableDidRead) throw new TypeError('Cannot read the body: it was read already')
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
