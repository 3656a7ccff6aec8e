import { Buffer } from 'node:buffer' // the global is a getter
import { IncomingMessage, type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { Readable } from 'node:stream'

// Symbols: middleware gives a request properties of all names.
/** The response to a request. */
const outgoing = Symbol('outgoing')
/** Somebody has listened to a request's data, end or close. */
const heard = Symbol('heard')
/** It had nothing to read, and is as good as read and closed. */
const over = Symbol('over')
/** Some of the body was taken. */
const taken = Symbol('taken')

const { readable, readableEnded, readableDidRead, destroyed, closed } = Object.getOwnPropertyDescriptors(Readable.prototype) as unknown as Record<'readable' | 'readableEnded' | 'readableDidRead' | 'destroyed' | 'closed', Accessor>
type Accessor = PropertyDescriptor & { get: () => unknown }

/** Takes a body as the parser has it. */
export interface BodyTaker {
  takeChunk(chunk: Buffer): void
  takeEnd(): void
  /** Somebody else reads, too: the rest comes from the stream. */
  handBack(): void
}

/**
 * An IncomingMessage, of servers of `App.listen`, without what its stream does for nobody.
 *
 * A body that `ctx.request` reads does not pass through the stream: see `handOver`.
 *
 * The end of a body that is not there costs nothing if nobody listens. Once the response is ended Node reads what nobody
 * has read, to be ready for the next request (lib/_http_server.js, resOnFinish, v20.20): for a body that is not there it
 * has the stream flow, end, be destroyed and close, a seventh of a request. Its flags say what they would say then; who
 * listens later has the events then.
 */
export class Incoming extends IncomingMessage {
  private [outgoing]: ServerResponse | undefined = undefined;
  private [heard] = false;
  private [over] = false;
  private [taken] = false
  /** Who takes the body. Private: an object derived from the request has none, and the parser does not push to it. */
  #taker: BodyTaker | undefined = undefined

  // Without it, fields have JavaScript make one that passes its arguments on in an array.
  constructor(socket: Socket) {
    super(socket)
  }

  /**
   * Has the parser hand the body of `req` to `to`, past the stream, which then only ends: 4.2k instructions of 110k less
   * (Node 20). Once anybody else reads it, the rest is the stream's again.
   * @returns false if the body must be read from the stream
   */
  static handOver(req: IncomingMessage, to: BodyTaker): boolean {
    if (!(#taker in req) || req.#taker !== undefined || req.complete || isShared(req) || req.listenerCount('data') > 0 || isWatched(req)) return false
    read.call(req, 0) // marks it as read: of a body that nobody has read Node drops the rest when the response is finished
    req.#taker = to
    req.push = req.pushPast // its own: Express puts another prototype on a request
    return true
  }

  /** Hands nothing more to `to`. */
  static release(req: IncomingMessage, to: BodyTaker): void {
    if (#taker in req && req.#taker === to) req.#taker = undefined
  }

  /** Whether any of its body was read, also under another prototype. */
  static wasRead(req: IncomingMessage): boolean {
    return req.readableDidRead || (req as Incoming)[taken] === true
  }

  /** Which response it has: the first that is made for it. */
  answeredBy(res: ServerResponse): void {
    if (this[outgoing] === undefined) this[outgoing] = res
  }

  /** Node's way to read what is left, up to Node 24. */
  override resume(): this {
    if (this.leavesNothing()) return this
    return super.resume()
  }

  /** And since. */
  override read(size?: number): unknown {
    if (size === 0 && this.leavesNothing()) return null
    return super.read(size) as unknown
  }

  override destroy(error?: Error): this {
    return this[over] ? this : super.destroy(error)
  }

  override on(event: string | symbol, listener: (...args: never[]) => void): this {
    super.on(event, listener as () => void)
    this.hear(event)
    return this
  }

  override prependListener(event: string | symbol, listener: (...args: never[]) => void): this {
    super.prependListener(event, listener as () => void)
    this.hear(event)
    return this
  }

  private hear(event: string | symbol): void {
    if (event !== 'end' && event !== 'close' && event !== 'readable' && event !== 'data') return
    this[heard] = true
    if (event === 'data' && #taker in this) this.#handBack()
    if (!this[over]) return
    this[over] = false
    super.resume()
  }

  private leavesNothing(): boolean {
    if (this[over]) return true
    if (this[heard] || !this.complete || this[outgoing]?.writableEnded !== true || this.readableLength > 0 || this.readableDidRead) return false
    return (this[over] = true)
  }

  /** The parser's `push` while a body is handed over. */
  private pushPast(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const to = #taker in this ? this.#taker : undefined
    if (to === undefined) return push.call(this, chunk, encoding)
    if (isShared(this) || !(chunk === null || chunk instanceof Buffer)) {
      this.#handBack()
      return push.call(this, chunk, encoding)
    }
    if (chunk !== null) {
      this[taken] = true
      to.takeChunk(chunk)
      return true
    }
    this.#taker = undefined
    push.call(this, null)
    read.call(this, 0) // has the stream end
    to.takeEnd()
    return false
  }

  /** Somebody else reads, too: who took the body has the rest from the stream. */
  #handBack(): void {
    const to = this.#taker
    this.#taker = undefined
    to?.handBack()
  }

  static {
    Object.defineProperty(this.prototype, 'addListener', { value: this.prototype.on, writable: true, configurable: true })
    Object.defineProperties(this.prototype, {
      // A function each: one that was shared would not be inlined, and Node asks for some with each request.
      readable: { ...readable, get(this: Incoming) { return !this[over] && (readable.get.call(this) as unknown) } },
      readableEnded: { ...readableEnded, get(this: Incoming) { return this[over] || (readableEnded.get.call(this) as unknown) } },
      readableDidRead: { ...readableDidRead, get(this: Incoming) { return this[taken] || (readableDidRead.get.call(this) as unknown) } },
      destroyed: { ...destroyed, get(this: Incoming) { return this[over] || (destroyed.get.call(this) as unknown) } },
      closed: { ...closed, get(this: Incoming) { return this[over] || (closed.get.call(this) as unknown) } },
    })
  }
}

const { on, read: ownRead } = Incoming.prototype
const { emit, on: streamsOn, push, read } = Readable.prototype

/** Whether anybody else reads a body: lets it flow, as most listeners do, pauses, decodes, puts back or destroys it. */
function isShared(req: IncomingMessage): boolean {
  return req.readableFlowing !== null || req.readableLength > 0 || req.readableEncoding !== null || req.destroyed
}

/** Whether anybody sees who reads: by what is in the place of methods, as monitoring does, or by 'newListener' (`Expect`). */
function isWatched(req: IncomingMessage): boolean {
  return req.on !== on || IncomingMessage.prototype.on !== streamsOn || req.emit !== emit || req.push !== push || req.read !== ownRead || req.listenerCount('newListener') > 0
}
