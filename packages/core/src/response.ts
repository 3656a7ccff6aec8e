import { Buffer } from 'node:buffer' // the global is a getter
import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { extname } from 'node:path'
import { URL } from 'node:url'
import { inspect } from 'node:util'
import statuses from 'statuses'
import { type App } from './app'
import { adopt, isPlain, isStream, release } from './body-stream'
import { type Context } from './context'
import { lazy } from './lazy'
import { implyLength, implyType } from './outgoing'
import { type Request } from './request'
import { typeIs } from './type-is'

const assert = lazy<(holds: boolean, message: string) => void>(() => require('node:assert'))
const contentDisposition = lazy<typeof import('content-disposition')>(() => require('content-disposition'))
const encodeUrl = lazy<typeof import('encodeurl')>(() => require('encodeurl'))
const escapeHtml = lazy<typeof import('escape-html')>(() => require('escape-html'))
const mimeTypes = lazy<typeof import('mime-types')>(() => require('mime-types'))
const vary = lazy<typeof import('vary')>(() => require('vary'))

/**
 * What can be answered: a string, a Buffer or Uint8Array, a Node stream, a ReadableStream, a Blob, a Response,
 * null or undefined for no content, and anything else as JSON.
 */
export type Body = unknown

/** The response as Koa shows it. What it says is kept in `res`. */
export class Response {
  readonly app: App
  readonly req: IncomingMessage
  readonly res: ServerResponse
  ctx: Context
  request: Request
  private _body: Body = undefined
  private _explicitStatus = false
  private _explicitNullBody = false

  /** Its context links it to itself and to the request. */
  constructor(app: App, req: IncomingMessage, res: ServerResponse) {
    this.app = app
    this.req = req
    this.res = res
    this.ctx = undefined as unknown as Context
    this.request = undefined as unknown as Request
  }

  get socket(): Socket | null {
    return this.res.socket
  }

  get header(): OutgoingHttpHeaders {
    const { res } = this
    // The stand-ins of many Koa tests have `_headers` instead.
    return res.getHeaders?.() ?? (res as { _headers?: OutgoingHttpHeaders })._headers ?? {}
  }

  get headers(): OutgoingHttpHeaders {
    return this.header
  }

  /** 404 until a status or a body is set. */
  get status(): number {
    return this.res.statusCode
  }

  /** @throws AssertionError if it is no integer from 100 to 999 */
  set status(code: number) {
    if (this.headerSent) return
    if (!Number.isInteger(code)) assert()(false, 'status code must be a number')
    if (code < 100 || code > 999) assert()(false, `invalid status code: ${code}`)
    this._explicitStatus = true
    this.res.statusCode = code
    if (this.req.httpVersionMajor < 2) this.res.statusMessage = statuses.message[code] as string
    if (this.body && statuses.empty[code]) this.body = null
  }

  get message(): string {
    return this.res.statusMessage || (statuses.message[this.status] as string)
  }

  set message(text: string) {
    this.res.statusMessage = text
  }

  get body(): Body {
    return this._body
  }

  /** Sets status (200, or 204 for no content) and Content-Type unless they were set before. */
  set body(value: Body) {
    if (this.res.writableEnded) this.app.warnOfLateBody(this.ctx)
    const previous = this._body
    this._body = value
    // A stream in place of a stream may wrap it.
    if (previous !== value && isStream(previous) && !isStream(value)) release(previous)

    if (value == null) {
      this.setNoBody(value, previous)
      return
    }
    if (!this._explicitStatus && !this.headerSent) {
      this.res.statusCode = 200
      this._explicitStatus = true
      if (this.req.httpVersionMajor < 2) this.res.statusMessage = 'OK'
    }

    const typed = this.has('Content-Type')
    if (typeof value === 'string') {
      if (!typed) implyType(this.res, /^\s*</.test(value) ? HTML : TEXT)
      implyLength(this.res, value)
    } else if (isPlain(value)) {
      this.implyJson(typed)
    } else if (Buffer.isBuffer(value)) {
      if (!typed) implyType(this.res, BINARY)
      implyLength(this.res, value)
    } else if (isStream(value)) {
      if (previous !== value) {
        adopt(value)
        if (previous != null) this.remove('Content-Length')
      }
      if (!typed) implyType(this.res, BINARY)
    } else if (value instanceof ReadableStream) {
      if (!typed) implyType(this.res, BINARY)
    } else if (value instanceof Blob) {
      if (!typed) this.type = value.type || 'bin'
      this.length = value.size
    } else if (value instanceof globalThis.Response) {
      this.status = value.status
      if (!typed) implyType(this.res, BINARY)
      for (const [name, header] of value.headers) this.set(name, header)
    } else if (value instanceof Uint8Array) {
      this._body = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      if (!typed) implyType(this.res, BINARY)
      implyLength(this.res, this._body as Buffer)
    } else {
      this.implyJson(typed)
    }
  }

  private implyJson(typed: boolean): void {
    if (this.has('Content-Length')) this.remove('Content-Length')
    if (!typed || !/\bjson\b/i.test(this.type)) implyType(this.res, JSON_TYPE)
  }

  private setNoBody(value: null | undefined, previous: Body): void {
    if (!statuses.empty[this.status]) {
      if (this.type === 'application/json') {
        this._body = 'null'
        if (previous != null) this.remove('Content-Length') // that of the body before: Koa leaves a string's, and 'null' is shorter
        return
      }
      this.status = 204
    }
    if (value === null) this._explicitNullBody = true
    this.remove('Content-Type')
    this.remove('Content-Length')
    this.remove('Transfer-Encoding')
  }

  /** Content-Length in bytes, or what the body comes to; undefined if it is not known, as of a stream. */
  get length(): number | undefined {
    const header = this.get('Content-Length')
    if (header !== undefined) return Number.parseInt(String(header), 10) || 0
    const body = this._body
    if (!body || isStream(body)) return undefined
    if (typeof body === 'string') return Buffer.byteLength(body)
    if (Buffer.isBuffer(body)) return body.length
    return Buffer.byteLength(JSON.stringify(body))
  }

  set length(bytes: number | undefined) {
    if (!this.has('Transfer-Encoding')) this.set('Content-Length', bytes as number)
  }

  /** Content-Type without its parameters, or ''. */
  get type(): string {
    return String(this.get('Content-Type') || '').split(';', 1)[0] as string
  }

  /** A media type, an extension ('png', '.json') or a name ('html'); one that is unknown removes the header. */
  set type(value: string) {
    const full = mimeTypes().contentType(value)
    if (full) this.set('Content-Type', full)
    else this.remove('Content-Type')
  }

  get lastModified(): Date | undefined {
    const date = this.get('Last-Modified')
    return date ? new Date(date as string) : undefined
  }

  set lastModified(value: Date | string | undefined) {
    const date = typeof value === 'string' ? new Date(value) : (value as Date)
    this.set('Last-Modified', date.toUTCString())
  }

  get etag(): string {
    return this.get('ETag') as string
  }

  /** Quotes what is not quoted yet. */
  set etag(value: string) {
    this.set('ETag', /^(W\/)?"/.test(value) ? value : `"${value}"`)
  }

  get headerSent(): boolean {
    return this.res.headersSent
  }

  /** Whether there is a client to write to, and the response is not ended. */
  get writable(): boolean {
    if (this.res.writableEnded || this.res.finished) return false
    const { req } = this
    const { socket } = this.res
    // Without a socket it is queued behind another response of the same connection: it can be written.
    if (!socket || socket.writable) return true
    // Node ends the stream of a HEAD over HTTP/2 before its head is sent (lib/internal/http2/core.js, onSessionHeaders).
    return req.httpVersionMajor >= 2 && req.method === 'HEAD' && !socket.destroyed
  }

  /** The type among those given that the response has, or false. */
  is(type: string | string[], ...types: string[]): string | false {
    return typeIs().is(this.type, type as string, ...types)
  }

  /** A header, or undefined. */
  get(field: string): OutgoingHttpHeader | undefined {
    return this.res.getHeader(field)
  }

  has(field: string): boolean {
    return this.res.getHeader(field) !== undefined
  }

  /** Sets one header, or all of an object. Does nothing once the head is sent. */
  set(field: string | OutgoingHttpHeaders, value?: number | string | readonly string[]): void {
    if (this.headerSent || !field) return
    if (typeof field === 'string') {
      this.res.setHeader(field, single(field, value as string))
      return
    }
    const entries = Object.entries(field).map(([name, item]) => [name, single(name, item as string)] as const)
    for (const [name, item] of entries) this.res.setHeader(name, item)
  }

  /** Adds a value to a header that may have some. */
  append(field: string, value: string | readonly string[]): void {
    const previous = this.get(field)
    this.set(field, previous ? ([] as string[]).concat(previous as string, value as string) : value)
  }

  remove(field: string): void {
    if (this.headerSent) return
    this.res.removeHeader(field)
  }

  vary(field: string | string[]): void {
    if (!this.headerSent) vary()(this.res, field)
  }

  /** 302, unless a redirect status was set; the URL is encoded, so that it cannot carry a header. */
  redirect(url: string): void {
    if (ABSOLUTE.test(url)) url = new URL(url).toString()
    this.set('Location', encodeUrl()(url))
    if (!statuses.redirect[this.status]) this.status = 302
    const html = this.ctx.accepts('html')
    this.type = html ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8'
    this.body = `Redirecting to ${html ? escapeHtml()(url) : url}.`
  }

  /** Redirects to the referrer if it is of the same host, else to `alternative` or '/'. */
  back(alternative?: string): void {
    const referrer = this.ctx.get('Referrer')
    if (referrer && new URL(referrer, this.ctx.href).host === this.ctx.host) {
      this.redirect(referrer)
      return
    }
    this.redirect(alternative || '/')
  }

  /** Content-Disposition, and the type of the file's extension unless one is set. */
  attachment(filename?: string, options?: { type?: string; fallback?: string | boolean }): void {
    if (filename && !this.has('Content-Type')) this.type = extname(filename)
    this.set('Content-Disposition', contentDisposition()(filename, options))
  }

  flushHeaders(): void {
    this.res.flushHeaders()
  }

  /** An explicit `ctx.body = null`: answered with no content at all, not with the status as text. */
  get explicitNull(): boolean {
    return this._explicitNullBody
  }

  /** Drops the body: an error is answered in its place. */
  forgetBody(): void {
    const body = this._body
    this._body = undefined
    if (isStream(body)) release(body)
  }

  /** The response is closed: a stream that was its body must not stay open. */
  releaseBody(): void {
    if (isStream(this._body)) release(this._body)
  }

  toJSON() {
    return { status: this.status, message: this.message, header: this.header }
  }

  inspect(): unknown {
    return this.res ? { ...this.toJSON(), body: this.body } : undefined
  }

  [inspect.custom](): unknown {
    return this.inspect()
  }
}

const TEXT = 'text/plain; charset=utf-8'
const HTML = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'
const BINARY = 'application/octet-stream'
const ABSOLUTE = /^https?:\/\//i

/** Content-Type and Content-Length take one value: an array of one is that, a longer one a mistake. */
function single(name: string, value: number | string | readonly string[]): number | string | readonly string[] {
  if (!Array.isArray(value) || !/^content-(?:type|length)$/i.test(name)) return value
  if (value.length !== 1) assert()(false, `${name} must contain exactly one value`)
  return value[0] as string
}
