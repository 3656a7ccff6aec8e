import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { inspect } from 'node:util'
import statuses from 'statuses'
import { type App } from './app'
import { httpAssert, type HttpAssert } from './assert'
import { type DefaultState } from './compose'
import { type Cookies, cookiesOf } from './cookies'
import { EventStream } from './event-stream'
import { createHttpError } from './http-error'
import { Lifetime, type Phase } from './lifetime'
import { reset } from './refuse'
import { type Query } from './query'
import { type Request } from './request'
import { type Body, type Response } from './response'
import { assign, describe, isDisconnect, toError } from './thrown'

/** Where a context keeps its lifetime: a symbol, so that it does not show among ctx's own keys. */
export const lifetime = Symbol('lifetime')

const COOKIES = Symbol('cookies')

/**
 * One request and its response, as in Koa: `ctx.body`, `ctx.status`, `ctx.path` and the rest are forwarded
 * to `ctx.request` and `ctx.response`. Beside Koa's members it has the request's signals and its deadline.
 * Each app derives a class of its own from it, whose prototype is `app.context`.
 */
export class Context<State = DefaultState> {
  readonly app: App<State>
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly request: Request
  readonly response: Response
  /** `req.url` as it came, before any middleware rewrote `ctx.url`. */
  originalUrl: string
  /** For what middleware has to say to one another. */
  state: State
  /** Set to false to answer on `ctx.res` by hand. */
  declare respond?: boolean
  readonly [lifetime]: Lifetime
  declare private [COOKIES]?: Cookies

  constructor(app: App<State>, req: IncomingMessage, res: ServerResponse, request: Request, response: Response) {
    this.app = app
    this.req = req
    this.res = res
    this.request = request
    this.response = response
    this.originalUrl = req.url as string
    this.state = {} as State
    this[lifetime] = new Lifetime(this as unknown as Context)
    request.ctx = response.ctx = this as unknown as Context
    request.response = response
    response.request = request
  }

  // ── Signals and lifetime ────────────────────────────────────────────────────────────────────

  /**
   * Aborts when this request's work is to end now: its client is gone (reason `ClientGoneError`), its deadline has
   * passed (`DeadlineError`), or the shutdown's time for it is over (`ShutdownError`).
   * Does not abort because a request body was read to its end, nor after a complete response. Made on first read.
   */
  get signal(): AbortSignal {
    return this[lifetime].signal
  }

  set signal(value: AbortSignal) {
    shadow(this, 'signal', value)
  }

  /**
   * Aborts when the server begins to drain: for streams, long polls and loops, which are to end themselves soon and
   * cleanly. A request that arrives later sees it aborted already. The reason is the stop's one `ShutdownError`.
   */
  get stopping(): AbortSignal {
    return this[lifetime].stopping
  }

  set stopping(value: AbortSignal) {
    shadow(this, 'stopping', value)
  }

  /** The moment (ms since the epoch) at which `ctx.signal` aborts, clamped while the server stops; undefined: none. */
  get deadline(): number | undefined {
    return this[lifetime].deadline
  }

  set deadline(value: number | undefined) {
    shadow(this, 'deadline', value)
  }

  /** When the request arrived (ms since the epoch). */
  get startedAt(): number {
    return this[lifetime].startedAt
  }

  set startedAt(value: number) {
    shadow(this, 'startedAt', value)
  }

  /** What the request is waiting for: 'handler', 'response' or, with both done, 'background' (`waitUntil`). */
  get phase(): Phase {
    return this[lifetime].phase
  }

  set phase(value: Phase) {
    shadow(this, 'phase', value)
  }

  /**
   * Sets, extends or clears (`Infinity`) the request's deadline. Unanswered when it passes, the request gets 503.
   * @param ms - from now
   * @throws RangeError if `ms` is no number or negative
   */
  timeout(ms: number): void {
    this[lifetime].setTimeout(ms)
  }

  /** Keeps the request in flight until `promise` settles; the drain waits for it. Its failure goes to 'error'. */
  waitUntil(promise: PromiseLike<unknown>): void {
    this[lifetime].waitUntil(promise)
  }

  /**
   * Fires `ctx.signal`. Ends no response and destroys no body: what the handler does then is its own.
   * @param reason - by default the stop's ShutdownError, one object for all requests
   */
  abort(reason?: unknown): void {
    this[lifetime].abort(reason)
  }

  /** Begins a stream of server-sent events, which ends itself when the server drains. */
  sse(): EventStream {
    return new EventStream(this as unknown as Context, this[lifetime])
  }

  // ── Errors ──────────────────────────────────────────────────────────────────────────────────

  /** Throws an HttpError: `ctx.throw(404, 'no such order', { id })`, arguments as http-errors takes them. */
  throw(...args: (number | string | object)[]): never {
    throw createHttpError(...args)
  }

  /** Throws an HttpError unless `value` is truthy: `ctx.assert(user, 401, 'sign in first')`. */
  get assert(): HttpAssert {
    return httpAssert
  }

  set assert(value: HttpAssert) {
    shadow(this, 'assert', value)
  }

  /**
   * Answers with what an error says: its status, its headers and, if `expose`, its message. Emits 'error' on the app.
   * An abort of the request's own signal is no application error: 503 to a client that still listens, nothing to
   * one that is gone, no 'error'.
   */
  onerror(error: unknown): void {
    // A node-style callback's "no error": Koa's users pass ctx.onerror to such.
    if (error == null) return
    const life = this[lifetime]
    if (life.isReason(error) || (life.clientGone && isDisconnect(error))) {
      if (!life.clientGone && this.writable && !this.headerSent) life.refuse(life.reason)
      else if (!life.clientGone && !this.res.writableEnded) reset(this.res)
      return
    }

    const err = toError(error)
    const silent = this.headerSent || !this.writable
    if (silent) assign(err, 'headerSent', true)
    this.app.report(err, this)
    if (this.headerSent && !this.res.writableEnded) reset(this.res)
    if (silent || this.headerSent || !this.writable) return

    const { res } = this
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    this.response.forgetBody()
    const { status, headers, expose, message } = describe(err)
    for (const [name, value] of Object.entries(headers)) {
      if (/^content-(?:type|length)$/i.test(name)) continue
      try {
        this.set(name, value as string)
      } catch {
        // A header that Node refuses is left out: better an answer without it than none.
      }
    }
    this.status = status
    assign(err, 'status', status)
    const text = expose ? message : (statuses.message[status] as string)
    res.setHeader('Content-Type', 'text/plain; charset=utf-8')
    res.setHeader('Content-Length', Buffer.byteLength(text))
    res.end(text)
  }

  // ── Cookies ─────────────────────────────────────────────────────────────────────────────────

  /** The request's and response's cookies, signed with `app.keys` where `signed` is asked for. */
  get cookies(): Cookies {
    return (this[COOKIES] ??= cookiesOf(this.req, this.res, this.app.keys, this.request.secure))
  }

  set cookies(cookies: Cookies) {
    this[COOKIES] = cookies
  }

  // ── Forwarded to the request ────────────────────────────────────────────────────────────────

  get header() { return this.request.header }
  get headers() { return this.request.headers }
  get method() { return this.request.method }
  set method(value: string) { this.request.method = value }
  get url() { return this.request.url }
  set url(value: string) { this.request.url = value }
  get origin() { return this.request.origin }
  get href() { return this.request.href }
  get path() { return this.request.path }
  set path(value: string) { this.request.path = value }
  get query() { return this.request.query }
  set query(value: Query) { this.request.query = value }
  get querystring() { return this.request.querystring }
  set querystring(value: string) { this.request.querystring = value }
  get search() { return this.request.search }
  set search(value: string) { this.request.search = value }
  get host() { return this.request.host }
  get hostname() { return this.request.hostname }
  get URL() { return this.request.URL }
  get fresh() { return this.request.fresh }
  get stale() { return this.request.stale }
  get idempotent() { return this.request.idempotent }
  set idempotent(_ignored: boolean) {} // as in Koa
  get socket(): Socket { return this.request.socket }
  set socket(_ignored: Socket) {}
  get protocol() { return this.request.protocol }
  get secure() { return this.request.secure }
  get ip() { return this.request.ip }
  get ips() { return this.request.ips }
  get subdomains() { return this.request.subdomains }
  get accept() { return this.request.accept }
  set accept(value) { this.request.accept = value }
  accepts(...types: (string | string[])[]) { return this.request.accepts(...types) }
  acceptsEncodings(...encodings: (string | string[])[]) { return this.request.acceptsEncodings(...encodings) }
  acceptsCharsets(...charsets: (string | string[])[]) { return this.request.acceptsCharsets(...charsets) }
  acceptsLanguages(...languages: (string | string[])[]) { return this.request.acceptsLanguages(...languages) }
  is(type: string | string[], ...types: string[]) { return this.request.is(type, ...types) }
  get(field: string): string { return this.request.get(field) }

  // ── Forwarded to the response ───────────────────────────────────────────────────────────────

  get status() { return this.response.status }
  set status(code: number) { this.response.status = code }
  get message() { return this.response.message }
  set message(text: string) { this.response.message = text }
  get body(): Body { return this.response.body }
  set body(value: Body) { this.response.body = value }
  get length(): number | undefined { return this.response.length }
  set length(bytes: number | undefined) { this.response.length = bytes }
  get type(): string { return this.response.type }
  set type(value: string) { this.response.type = value }
  get lastModified(): Date | undefined { return this.response.lastModified }
  set lastModified(value: Date | string | undefined) { this.response.lastModified = value }
  get etag(): string { return this.response.etag }
  set etag(value: string) { this.response.etag = value }
  get headerSent() { return this.response.headerSent }
  get writable() { return this.response.writable }
  has(field: string) { return this.response.has(field) }
  set(field: string | OutgoingHttpHeaders, value?: number | string | readonly string[]) { this.response.set(field, value) }
  append(field: string, value: string | readonly string[]) { this.response.append(field, value) }
  remove(field: string) { this.response.remove(field) }
  vary(field: string | string[]) { this.response.vary(field) }
  redirect(url: string) { this.response.redirect(url) }
  back(alternative?: string) { this.response.back(alternative) }
  attachment(filename?: string, options?: Parameters<Response['attachment']>[1]) { this.response.attachment(filename, options) }
  flushHeaders() { this.response.flushHeaders() }

  // ── Display ─────────────────────────────────────────────────────────────────────────────────

  /** What console.log and tests show: no sockets, no Node objects. */
  toJSON() {
    return {
      request: this.request.toJSON(),
      response: this.response.toJSON(),
      app: this.app.toJSON(),
      originalUrl: this.originalUrl,
      req: '<original node req>',
      res: '<original node res>',
      socket: '<original node socket>',
    }
  }

  inspect(): unknown {
    return this.request ? this.toJSON() : {} // `app.context` itself has no request to show
  }

  [inspect.custom](): unknown {
    return this.inspect()
  }
}

/** Old middleware may assign a member that Koa lacks: its own value then hides ours. */
function shadow(ctx: object, name: string, value: unknown): void {
  Object.defineProperty(ctx, name, { value, writable: true, enumerable: true, configurable: true })
}
