import { Buffer } from 'node:buffer' // the global is a getter
import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { finishing, type Watched } from './idle-sweep'
import { Incoming } from './incoming'
import { OneWriteResponse } from './one-write'

/**
 * A ServerResponse on which the Content-Type and Content-Length of a body wait for the head and go out with it in one
 * flat list: with `setHeader` for each, a response costs 5.4k instructions more (Node 20).
 * Whoever reads headers, before or after the head was sent, sees them as if they had been set.
 * Servers of `App.listen` make it; on the response of another server they are set at once.
 */
export class Outgoing<Req extends IncomingMessage = IncomingMessage> extends OneWriteResponse<Req> {
  /** The Content-Type that waits, or ''. */
  private waitingType = ''
  /** The body whose length waits to be Content-Length, or undefined. */
  private waitingBody: string | Buffer | undefined = undefined
  /** Headers were set here one by one: only then has Node one to look for that a body implies. */
  private touched = false
  /** Node does not count the length: it was told to leave a header out, or the answer to HEAD has no body. */
  private uncounted: boolean
  /** The body that waits is about to be sent in one piece with its head: Node counts its length itself, for less. */
  private whole = false

  // Without it, fields have JavaScript make one that passes its arguments on in an array.
  constructor(req: Req, options?: object) {
    super(req, options)
    this.uncounted = req.method === 'HEAD' // now: middleware may rewrite it
    if (req instanceof Incoming) req.answeredBy(this)
  }

  override getHeader(name: string): OutgoingHttpHeader | undefined {
    // cookies sets its own with OutgoingMessage.prototype.setHeader, past this class.
    if (this.touched || (name !== 'Content-Type' && name !== 'Content-Length')) {
      const header = super.getHeader(name)
      if (header !== undefined) return header
    }
    if (!this.waits) return undefined
    switch (name.toLowerCase()) {
      case 'content-type': return this.waitingType || undefined
      case 'content-length': return this.waitingBody === undefined ? undefined : Buffer.byteLength(this.waitingBody)
      default: return undefined
    }
  }

  override hasHeader(name: string): boolean {
    return super.hasHeader(name) || (this.waits && this.getHeader(name) !== undefined)
  }

  override getHeaders(): OutgoingHttpHeaders {
    if (!this.headersSent) this.settle()
    const headers = super.getHeaders()
    if (this.waitingType !== '') headers['content-type'] = this.waitingType
    if (this.waitingBody !== undefined) headers['content-length'] = Buffer.byteLength(this.waitingBody)
    return headers
  }

  override getHeaderNames(): string[] {
    return Object.keys(this.getHeaders())
  }

  /** Which @types/node 20 leaves out of ServerResponse. */
  getRawHeaderNames(): string[] {
    if (!this.headersSent) this.settle()
    const names = (ServerResponse.prototype as unknown as { getRawHeaderNames(): string[] }).getRawHeaderNames.call(this)
    if (this.waitingType !== '') names.push('Content-Type')
    if (this.waitingBody !== undefined) names.push('Content-Length')
    return names
  }

  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.touched = true
    super.setHeader(name, value) // may throw, and what waits waits on
    if (this.waits) this.drop(name)
    return this
  }

  override appendHeader(name: string, value: string | readonly string[]): this {
    this.touched = true
    this.settle()
    return super.appendHeader(name, value)
  }

  override removeHeader(name: string): void {
    this.uncounted = true
    super.removeHeader(name)
    if (this.waits) this.drop(name)
  }

  /** Node's implicit head comes through here too, and so do functions that others put in its place (on-headers). */
  override writeHead(status: number, reason?: unknown, headers?: unknown): this {
    if (this.waits) {
      if (reason === undefined && headers === undefined && !(this.touched && super.hasHeader('Transfer-Encoding'))) reason = this.implied(status)
      else this.settle()
    }
    return super.writeHead(status, reason as string, headers as OutgoingHttpHeaders)
  }

  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    this.whole = false // within `end`, by what somebody has put in the place of Node's
    return super.write(chunk, encoding as BufferEncoding, callback as () => void)
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    // What Node counts: lib/_http_outgoing.js, _storeHeader, v20.20. By default it sends nothing in chunks in HTTP/1.0.
    this.whole = chunk !== undefined && chunk === this.waitingBody && !this.uncounted && this.useChunkedEncodingByDefault
    return super.end(chunk, encoding as BufferEncoding, callback as () => void)
  }

  override assignSocket(socket: Watched): void {
    socket[finishing] = false
    super.assignSocket(socket)
  }

  /** Once it is finished, Node says how long the connection may be idle, unless another response waits for it. */
  override detachSocket(socket: Watched): void {
    super.detachSocket(socket)
    socket[finishing] = this.writableEnded
  }

  /** The Content-Type that a body has, unless it is undefined. */
  implyType(type: string): void {
    if (this.touched && super.hasHeader('Content-Type')) super.removeHeader('Content-Type')
    this.waitingType = type
  }

  /** The Content-Length that a body has, unless it is sent in chunks. */
  implyLength(body: string | Buffer): void {
    if (this.touched) {
      if (super.hasHeader('Transfer-Encoding')) return
      if (super.hasHeader('Content-Length')) this.removeHeader('Content-Length')
    }
    this.waitingBody = body
  }

  private get waits(): boolean {
    return this.waitingType !== '' || this.waitingBody !== undefined
  }

  /** What waits, as a flat list of names and values. */
  private implied(status: number): (string | number)[] {
    const { waitingType: type, waitingBody: body } = this
    if (body === undefined || (this.whole && status !== 304)) return type === '' ? [] : ['Content-Type', type]
    const length = Buffer.byteLength(body)
    return type === '' ? ['Content-Length', length] : ['Content-Type', type, 'Content-Length', length]
  }

  /** It was set or removed by hand: what waits for this header does no more. */
  private drop(name: string): void {
    const lower = name.toLowerCase()
    if (lower === 'content-type') this.waitingType = ''
    else if (lower === 'content-length') this.waitingBody = undefined
  }

  private settle(): void {
    if (this.headersSent) return
    const { waitingType, waitingBody } = this
    this.waitingType = ''
    this.waitingBody = undefined
    if (waitingType !== '') this.setHeader('Content-Type', waitingType)
    if (waitingBody !== undefined) this.setHeader('Content-Length', Buffer.byteLength(waitingBody))
  }
}

/** Sets the Content-Type of a body. Does nothing once the head is sent. */
export function implyType(res: ServerResponse, type: string): void {
  if (res.headersSent) return
  if (res instanceof Outgoing) res.implyType(type)
  else res.setHeader('Content-Type', type)
}

/** Sets the Content-Length of a body, unless it is sent in chunks. Does nothing once the head is sent. */
export function implyLength(res: ServerResponse, body: string | Buffer): void {
  if (res.headersSent) return
  if (res instanceof Outgoing) res.implyLength(body)
  else if (res.getHeader('Transfer-Encoding') === undefined) res.setHeader('Content-Length', Buffer.byteLength(body))
}
