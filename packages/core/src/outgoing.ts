import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'

/**
 * A ServerResponse on which the Content-Type and Content-Length of a body wait for the head and go out with it in one
 * flat list: with `setHeader` for each, a response costs 5.4k instructions more (Node 20).
 * Whoever reads headers, before or after the head was sent, sees them as if they had been set.
 * Servers of `App.listen` make it; on the response of another server they are set at once.
 */
export class Outgoing<Req extends IncomingMessage = IncomingMessage> extends ServerResponse<Req> {
  /** The Content-Type that waits, or ''. */
  waitingType = ''
  /** The body whose length waits to be Content-Length, or undefined. */
  waitingBody: string | Buffer | undefined = undefined

  override getHeader(name: string): OutgoingHttpHeader | undefined {
    const header = super.getHeader(name)
    if (header !== undefined || !this.waits) return header
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

  override setHeader(name: string, value: number | string | readonly string[]): this {
    if (this.waits) this.drop(name)
    return super.setHeader(name, value)
  }

  override appendHeader(name: string, value: string | readonly string[]): this {
    this.settle()
    return super.appendHeader(name, value)
  }

  override removeHeader(name: string): void {
    if (this.waits) this.drop(name)
    super.removeHeader(name)
  }

  /** Node's implicit head comes through here too, and so do functions that others put in its place (on-headers). */
  override writeHead(status: number, ...rest: [reason?: unknown, headers?: unknown]): this {
    if (!this.waits) return super.writeHead(status, ...(rest as []))
    if (rest[0] !== undefined || super.hasHeader('Transfer-Encoding')) {
      this.settle()
      return super.writeHead(status, ...(rest as []))
    }
    const { waitingType, waitingBody } = this
    const headers: (string | number)[] = []
    if (waitingType !== '') headers.push('Content-Type', waitingType)
    if (waitingBody !== undefined) headers.push('Content-Length', Buffer.byteLength(waitingBody))
    return super.writeHead(status, headers as string[])
  }

  private get waits(): boolean {
    return this.waitingType !== '' || this.waitingBody !== undefined
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
    if (waitingType !== '') super.setHeader('Content-Type', waitingType)
    if (waitingBody !== undefined) super.setHeader('Content-Length', Buffer.byteLength(waitingBody))
  }
}

/** Sets the Content-Type of a body, unless it is undefined. Does nothing once the head is sent. */
export function implyType(res: ServerResponse, type: string): void {
  if (res.headersSent) return
  if (res instanceof Outgoing) {
    if (res.hasHeader('Content-Type')) res.removeHeader('Content-Type')
    res.waitingType = type
  } else res.setHeader('Content-Type', type)
}

/** Sets the Content-Length of a body, unless it is sent in chunks. Does nothing once the head is sent. */
export function implyLength(res: ServerResponse, body: string | Buffer): void {
  if (res.headersSent || res.getHeader('Transfer-Encoding') !== undefined) return
  if (res instanceof Outgoing) {
    if (res.hasHeader('Content-Length')) res.removeHeader('Content-Length')
    res.waitingBody = body
  } else res.setHeader('Content-Length', Buffer.byteLength(body))
}
