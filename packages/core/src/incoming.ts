import { IncomingMessage, type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { Readable } from 'node:stream'

const accessorOf = (prototype: object, name: string) => Object.getOwnPropertyDescriptor(prototype, name) as Required<PropertyDescriptor>
const headers = accessorOf(IncomingMessage.prototype, 'headers')

/**
 * An IncomingMessage that costs less, of servers of `App.listen`. Three things are made only for those who look:
 * - the object `headers`, which costs 3 % of a request with a body (Node 20);
 * - the end of a request without a body. Once the response is ended Node reads what nobody has read, to be ready for the
 *   next request (lib/_http_server.js, resOnFinish): for a body that is not there it has the stream flow, end and close,
 *   which is a seventh of a request;
 * - the close of one whose body was read to its end.
 *
 * Who listens to these, before or after, has them as ever.
 */
export class Incoming extends IncomingMessage {
  /** The response to it. */
  outgoing: ServerResponse | undefined = undefined
  /** `headers` may say something else than the client. */
  headersRead = false
  /** Somebody has listened to its data or its end, */
  private heard = false
  /** or to its close. */
  private closeHeard = false
  /** It has nothing to read, and is as good as read and closed. */
  private over = false

  // Without it, fields have JavaScript make one that passes its arguments on in an array.
  constructor(socket: Socket) {
    super(socket)
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

  /** Node's way to close what has ended (lib/internal/streams/readable.js, endReadableNT, v20.20). */
  override destroy(error?: Error): this {
    if (error || this.closeHeard || !this.complete || !hasEnded(this)) return super.destroy(error)
    this.over = true
    return this
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
    if (event === 'close') this.closeHeard = true
    else if (event === 'end' || event === 'readable' || event === 'data') this.heard = true
    else return
    if (!this.over || event === 'close' || hasEnded(this)) return
    this.over = false
    super.resume()
  }

  private leavesNothing(): boolean {
    if (this.over) return true
    if (this.heard || this.closeHeard || !this.complete || this.outgoing?.writableEnded !== true || this.readableLength > 0 || this.readableDidRead) {
      return false
    }
    return (this.over = true)
  }

  static {
    Object.defineProperty(this.prototype, 'addListener', { value: this.prototype.on, writable: true, configurable: true })
    Object.defineProperty(this.prototype, 'headers', {
      ...headers,
      get(this: Incoming) {
        this.headersRead = true
        return headers.get.call(this) as unknown
      },
      set(this: Incoming, value: unknown) {
        this.headersRead = true
        headers.set.call(this, value)
      },
    })
    for (const [name, whenOver] of Object.entries({ readable: false, readableEnded: true, destroyed: true, closed: true })) {
      const accessor = accessorOf(Readable.prototype, name)
      Object.defineProperty(this.prototype, name, {
        ...accessor,
        get(this: Incoming) {
          return this.over ? whenOver : (accessor.get.call(this) as unknown)
        },
      })
    }
  }
}

const ended = accessorOf(Readable.prototype, 'readableEnded')

/** Whether it has emitted 'end'. */
function hasEnded(req: Incoming): boolean {
  return ended.get.call(req) as boolean
}

/** One header, or undefined: of several with one name, and where somebody has seen them before, as `req.headers` has it. */
export function headerOf(req: IncomingMessage, name: string): string | undefined {
  if (!(req instanceof Incoming) || req.headersRead) return req.headers[name] as string | undefined
  const { rawHeaders } = req
  let value: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] as string
    if (raw.length !== name.length || raw.toLowerCase() !== name) continue
    if (value !== undefined) return req.headers[name] as string
    value = rawHeaders[index + 1]
  }
  return value
}
