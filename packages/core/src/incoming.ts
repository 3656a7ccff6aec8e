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

const { readable, readableEnded, destroyed, closed } = Object.getOwnPropertyDescriptors(Readable.prototype) as unknown as Record<'readable' | 'readableEnded' | 'destroyed' | 'closed', Accessor>
type Accessor = PropertyDescriptor & { get: () => unknown }

/**
 * An IncomingMessage, of servers of `App.listen`, whose end costs nothing if it has no body and nobody listens. Once the
 * response is ended Node reads what nobody has read, to be ready for the next request (lib/_http_server.js, resOnFinish,
 * v20.20): for a body that is not there it has the stream flow, end, be destroyed and close, a seventh of a request.
 * Its flags say what they would say then; who listens later has the events then.
 */
export class Incoming extends IncomingMessage {
  private [outgoing]: ServerResponse | undefined = undefined;
  private [heard] = false;
  private [over] = false

  // Without it, fields have JavaScript make one that passes its arguments on in an array.
  constructor(socket: Socket) {
    super(socket)
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
    if (!this[over]) return
    this[over] = false
    super.resume()
  }

  private leavesNothing(): boolean {
    if (this[over]) return true
    if (this[heard] || !this.complete || this[outgoing]?.writableEnded !== true || this.readableLength > 0 || this.readableDidRead) return false
    return (this[over] = true)
  }

  static {
    Object.defineProperty(this.prototype, 'addListener', { value: this.prototype.on, writable: true, configurable: true })
    Object.defineProperties(this.prototype, {
      // A function each: one that was shared would not be inlined, and Node asks for some with each request.
      readable: { ...readable, get(this: Incoming) { return !this[over] && (readable.get.call(this) as unknown) } },
      readableEnded: { ...readableEnded, get(this: Incoming) { return this[over] || (readableEnded.get.call(this) as unknown) } },
      destroyed: { ...destroyed, get(this: Incoming) { return this[over] || (destroyed.get.call(this) as unknown) } },
      closed: { ...closed, get(this: Incoming) { return this[over] || (closed.get.call(this) as unknown) } },
    })
  }
}
