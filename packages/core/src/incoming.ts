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
/** Who takes the body. */
const taker = Symbol('taker')
/** Some of the body was taken. */
const taken = Symbol('taken')

const { readable, readableEnded, readableDidRead, destroyed, closed } = Object.getOwnPropertyDescriptors(Readable.prototype) as unknown as Record<'readable' | 'readableEnded' | 'readableDidRead' | 'destroyed' | 'closed', Accessor>
type Accessor = PropertyDescriptor & { get: () => unknown }

/** Takes a body as the parser has it. */
export interface BodyTaker {
  takeChunk(chunk: Buffer): void
  takeEnd(): void
  /** Somebody else reads, too: the rest is in the stream. */
  handBack(): void
}

/**
 * An IncomingMessage, of servers of `App.listen`, whose end costs nothing if it has no body and nobody listens. Once the
 * response is ended Node reads what nobody has read, to be ready for the next request (lib/_http_server.js, resOnFinish,
 * v20.20): for a body that is not there it has the stream flow, end, be destroyed and close, a seventh of a request.
 * Its flags say what they would say then; who listens later has the events then.
 */
export class Incoming extends IncomingMessage {
  private [outgoing]: ServerResponse | undefined = undefined;
  private [heard] = false;
  private [over] = false;
  private [taker]: BodyTaker | undefined = undefined;
  private [taken] = false

  // Without it, fields have JavaScript make one that passes its arguments on in an array.
  constructor(socket: Socket) {
    super(socket)
  }

  /** Which response it has: the first that is made for it. */
  answeredBy(res: ServerResponse): void {
    if (this[outgoing] === undefined) this[outgoing] = res
  }

  /**
   * Hands the body to `to` as the parser has it, past the stream, which then only ends: 4.9k instructions of 110k less
   * (Node 20). Hands the rest back once anybody else reads, pauses or listens.
   * @returns false if the body is to be read from the stream: some of it is there, or somebody watches how it is read
   */
  handOver(to: BodyTaker): boolean {
    if (this.complete || this.readableFlowing !== null || this.readableLength > 0 || this[taker] !== undefined) return false
    if (this.push !== push || this.emit !== emit || this.on !== on || super.on !== nodesOn || this.listenerCount('newListener') > 0) return false
    super.read(0) // what is not read when its response is finished Node drops
    this[taker] = to
    this.push = this.pushPast // its own: Express puts another prototype on a request
    return true
  }

  /** What is left of the body is the stream's again. */
  takeBack(): void {
    this[taker] = undefined
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
    if (!this[over]) return
    this[over] = false
    super.resume()
  }

  private leavesNothing(): boolean {
    if (this[over]) return true
    if (this[heard] || !this.complete || this[outgoing]?.writableEnded !== true || this.readableLength > 0 || this.readableDidRead) return false
    return (this[over] = true)
  }

  private pushPast(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const to = this[taker]
    if (to === undefined) return push.call(this, chunk, encoding)
    if (this.readableFlowing !== null) {
      this[taker] = undefined
      to.handBack()
      return push.call(this, chunk, encoding)
    }
    if (chunk !== null) {
      this[taken] = true
      to.takeChunk(chunk)
      return true
    }
    this[taker] = undefined
    push.call(this, null)
    super.read(0) // to the stream's end
    to.takeEnd()
    return false
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

const { push, emit, on: nodesOn } = Readable.prototype
const { on } = Incoming.prototype
