import { type AsyncLocalStorage, AsyncLocalStorage as Storage } from 'node:async_hooks'
import EventEmitter from 'node:events'
import http, { type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http'
import { type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2'
import { type Socket } from 'node:net'
import { inspect } from 'node:util'
import { ShutdownError } from './abort-reasons'
import { type AppOptions, checkTimeout, defaults, KEEP_ALIVE_TIMEOUT, type StopOptions } from './app-options'
import { now } from './clock'
import { compose, type Composed, ENDED, type DefaultState, type Middleware, type Next } from './compose'
import { Connections, type Server } from './connections'
import { Context, lifetime } from './context'
import { diagnostics } from './diagnostics'
import { continueWhenRead } from './expect-continue'
import { Gate } from './gate'
import { handle, run, runWith } from './handling'
import { HttpError } from './http-error'
import { InFlight } from './in-flight'
import { Incoming } from './incoming'
import { inject, type InjectedRequest, type InjectedResponse } from './inject'
import { describeLateBody } from './late-body'
import { type Stop } from './lifetime'
import { listen } from './listen'
import { Outgoing } from './outgoing'
import { Request } from './request'
import { Response } from './response'
import { toError } from './thrown'

/** The function that `callback()` makes. */
export type RequestListener = (
  req: IncomingMessage | Http2ServerRequest,
  res: ServerResponse | Http2ServerResponse,
) => Promise<void>

type AnyMiddleware = (ctx: never, next: Next) => unknown

/**
 * A Koa application: middleware, and the servers that it answers. Beside Koa's API it states what is in flight and
 * connected, and offers `hold`, `beginStop` and `ctx.abort` to whoever shuts it down; it does not shut down itself.
 */
export class App<State = DefaultState> extends EventEmitter {
  static readonly HttpError = HttpError
  env: string
  declare keys?: unknown
  proxy: boolean
  subdomainOffset: number
  proxyIpHeader: string
  maxIpsCount: number
  /** true: errors are not printed. */
  silent = false
  compose: (middleware: readonly Middleware[]) => Composed<Context>
  /** What `use` was given, in order. */
  readonly middleware: Middleware[] = []
  /** What every ctx, ctx.request and ctx.response inherits from: extend them, also while the server runs. */
  readonly context: Context<State>
  readonly request: Request
  readonly response: Response
  readonly #Context: typeof Context<State>
  readonly #Request: typeof Request
  readonly #Response: typeof Response
  readonly #storage: AsyncLocalStorage<Context> | undefined
  readonly #serverOptions: ServerOptions
  readonly #timeout: number | undefined
  readonly #listeners = new WeakSet<object>()
  readonly #inflight = new InFlight()
  readonly #connections = new Connections((socket) => this.#loseQueued(socket))
  readonly #gate = new Gate()
  #warned = false
  #stop: Stop | undefined = undefined

  /** @throws RangeError if `timeout` is not a number of ms above 0 */
  constructor(given?: AppOptions) {
    super()
    const options = given ?? {} // Koa takes null too
    const { timeout } = options
    checkTimeout(timeout)
    this.env = options.env || process.env['NODE_ENV'] || defaults.env
    if (options.keys) this.keys = options.keys
    this.proxy = options.proxy || defaults.proxy
    this.subdomainOffset = options.subdomainOffset || defaults.subdomainOffset
    this.proxyIpHeader = options.proxyIpHeader || defaults.proxyIpHeader
    this.maxIpsCount = options.maxIpsCount || defaults.maxIpsCount
    this.compose = options.compose || compose
    this.#storage = typeof options.asyncLocalStorage === 'object' ? options.asyncLocalStorage : options.asyncLocalStorage ? new Storage() : undefined
    this.#serverOptions = {
      IncomingMessage: Incoming,
      ServerResponse: Outgoing,
      ...options.server,
      keepAliveTimeout: options.server?.keepAliveTimeout ?? KEEP_ALIVE_TIMEOUT,
    }
    this.#timeout = timeout

    this.#Context = class extends Context<State> {}
    this.#Request = class extends Request {}
    this.#Response = class extends Response {}
    this.context = this.#Context.prototype
    this.request = this.#Request.prototype
    this.response = this.#Response.prototype
  }

  /**
   * Adds a middleware at the end of the chain. One that is typed for more state than the app has yet
   * (`Middleware<{ user: User }>`) promises it to those after it; middleware typed by @types/koa is taken as it is.
   * @throws TypeError if it is no function
   */
  use(fn: Middleware<State>): this
  use<Added extends object>(fn: Middleware<State & Added>): App<State & Added>
  use(fn: AnyMiddleware): this
  use(fn: AnyMiddleware): this {
    if (typeof fn !== 'function') throw new TypeError('middleware must be a function!')
    this.middleware.push(fn as Middleware)
    return this
  }

  // ── Servers ─────────────────────────────────────────────────────────────────────────────────

  /**
   * Makes an http server of the `server` options, attaches it and lets it listen; takes what http.Server.listen takes.
   * While the app stops, the server is made but does not listen. A unix socket that a dead process has left at the path
   * is replaced.
   */
  listen(...args: unknown[]): http.Server {
    const server = http.createServer(this.#serverOptions)
    this.#connections.followSwept(server)
    this.#answer(server)
    if (this.#stop === undefined) listen(server, args, () => this.#stop !== undefined)
    return server
  }

  /**
   * Makes the app answer a server of yours (http, https, http2), unless a function of `callback()` does so already,
   * and follows its connections.
   * @returns the server
   */
  attach<S extends Server>(server: S): S {
    if (!(server instanceof EventEmitter)) throw new TypeError(`Cannot attach ${inspect(server)}: it must be a server of http, https or http2`)
    if (this.#connections.servers.has(server)) return server
    this.#connections.follow(server)
    this.#answer(server)
    return server
  }

  #answer(server: Server): void {
    if (!server.listeners('request').some((listener) => this.#listeners.has(listener))) {
      server.on('request', this.callback() as (...args: unknown[]) => unknown)
    }
    continueWhenRead(server, () => this.#stop !== undefined)
  }

  /** One request without a socket, for tests: Node's parser on both sides, signals and all. */
  inject(request: InjectedRequest = {}): Promise<InjectedResponse> {
    return inject(this.callback() as http.RequestListener, this.#serverOptions, request)
  }

  /** The servers that the app answers, from `listen`, `attach` or their first request on, until they are closed. */
  get servers(): ReadonlySet<Server> {
    return this.#connections.servers
  }

  /** The open sockets of these servers; a TLS connection's raw socket until its handshake is done, then its TLSSocket. */
  get connections(): ReadonlySet<Socket> {
    return this.#connections
  }

  /** The open HTTP/2 sessions, which live on one of the connections each. */
  get sessions(): ReadonlySet<ServerHttp2Session> {
    return this.#connections.sessions
  }

  /** Node 20 and 22 close queued responses of a pipeline without a word when their socket goes. */
  #loseQueued(socket: Socket): void {
    for (const ctx of this.#inflight) {
      if (ctx.req.socket === socket) ctx[lifetime].queueLost()
    }
  }

  // ── The life of a request ───────────────────────────────────────────────────────────────────

  /** A 'request' listener for a server of Node's. */
  callback(): RequestListener {
    const fn = this.compose(this.middleware)
    if (this.listenerCount('error') === 0) this.on('error', this.onerror)

    const listener: RequestListener = (req, res) => {
      // HTTP/2's compat API is close enough to http's to be one type here.
      const ctx = this.createContext(req as IncomingMessage, res as ServerResponse) as Context
      const life = ctx[lifetime]
      life.begin(this.#inflight, this.#connections.ofRequest(req), this.#stop)
      if (this.#timeout !== undefined) life.setTimeout(this.#timeout)
      const answered = this.#gate.closed ? this.#gate.opened().then(() => this.#admit(ctx, fn)) : this.#admit(ctx, fn)
      life.watch()
      return answered
    }
    this.#listeners.add(listener)
    return listener
  }

  /** Runs the chain, unless its client has left meanwhile or the stop does not admit it. */
  #admit(ctx: Context, fn: Composed<Context>): Promise<void> {
    const life = ctx[lifetime]
    if (life.clientGone || ctx.res.writableEnded) { // it left, or its deadline passed, while it was held
      life.handled()
      return ENDED
    }
    if (this.#stop?.admit !== undefined && !this.#isAdmitted(ctx, this.#stop)) {
      life.handled()
      return ENDED
    }
    const storage = this.#storage
    if (storage !== undefined) return runWith(ctx, () => storage.run(ctx, () => this.handleRequest(ctx, fn)))
    if (this.handleRequest !== handleRequest || this.compose !== compose) return runWith(ctx, () => this.handleRequest(ctx, fn))
    return run(ctx, fn)
  }

  /** Asks the stop, and answers the request if it does not admit it, or fails. */
  #isAdmitted(ctx: Context, { admit, error }: Stop): boolean {
    try {
      if (admit === undefined || admit(ctx)) return true
      ctx[lifetime].refuse(error)
    } catch (thrown) {
      ctx.onerror(toError(thrown))
    }
    return false
  }

  /** Runs the chain, answers with what it left in ctx, or with its error: at once, if the chain ended at once. */
  handleRequest(ctx: Context, fn: Composed<Context>): Promise<void> {
    return handle(ctx, fn)
  }

  /** Makes a request's context, and nothing more: no listener, no entry in `inflight`. */
  createContext(req: IncomingMessage, res?: ServerResponse): Context<State>
  createContext(req: IncomingMessage, res: ServerResponse): Context<State> {
    const request = new this.#Request(this as unknown as App, req, res)
    const response = new this.#Response(this as unknown as App, req, res)
    return new this.#Context(this, req, res, request, response)
  }

  /** The context of the running request, if the app has `asyncLocalStorage`. */
  get currentContext(): Context | undefined {
    return this.#storage?.getStore()
  }

  // ── Errors ──────────────────────────────────────────────────────────────────────────────────

  /** Emits 'error'; a listener that throws is printed, so that it neither hangs the request nor ends the process. */
  report(error: unknown, ctx: Context<State>): void {
    if (diagnostics.error.hasSubscribers) diagnostics.error.publish({ ctx, error })
    try {
      this.emit('error', error, ctx)
    } catch (thrown) {
      console.error(thrown)
    }
  }

  /** `ctx.body` was set after the response was sent: the one trace of a forgotten `await next()`. Warns once. */
  warnOfLateBody(ctx: Context): void {
    if (this.#warned || ctx.respond === false || ctx[lifetime].reason !== undefined) return
    this.#warned = true
    process.emitWarning(describeLateBody(this.middleware), { type: 'EbbWarning', code: 'EBB_LATE_BODY' })
  }

  /**
   * Prints an error, unless it is meant for the client (404, `expose`) or the app is `silent`.
   * Listens to 'error' if nobody else does when `callback()` is called.
   * @throws TypeError if `error` is none
   */
  onerror(error: Error): void {
    if (!(error instanceof Error || Object.prototype.toString.call(error) === '[object Error]')) {
      throw new TypeError(`non-error thrown: ${JSON.stringify(error)}`)
    }
    const { status, expose } = error as Error & { status?: number; expose?: boolean }
    if (status === 404 || expose || this.silent) return
    console.error(`\n${(error.stack || error.toString()).replace(/^/gm, '  ')}\n`)
  }

  // ── For whoever shuts the app down ──────────────────────────────────────────────────────────

  /**
   * The requests in flight: handler still running, response still open, or `waitUntil` pending.
   * A handler whose client left is in flight: its database must not be closed under it.
   */
  get inflight(): ReadonlySet<Context> {
    return this.#inflight
  }

  /** Resolves when nothing is in flight. Says nothing about what arrives afterwards. */
  idle(): Promise<void> {
    return this.#inflight.idle()
  }

  /** New requests wait before the first middleware until the returned function is called. Holds add up. */
  hold(): () => void {
    return this.#gate.hold()
  }

  /**
   * Marks the app as stopping: `ctx.stopping` aborts, now and for every later request; deadlines are clamped to
   * `abortAt`; `listen` listens no more; a request that `admit` refuses is answered 503. Closes nothing and aborts
   * no `ctx.signal`. A second call changes nothing but `abortAt`, if that is later than before.
   * @returns the one ShutdownError of this stop
   * @throws TypeError without a cause
   */
  beginStop({ cause, abortAt = Infinity, admit, spread = 0 }: StopOptions = {} as StopOptions): ShutdownError {
    if (typeof cause !== 'string') throw new TypeError(`Cannot begin to stop with cause ${inspect(cause)}: it must be a string`)
    if (this.#stop !== undefined) {
      if (abortAt > this.#stop.abortAtShown) this.#postpone(abortAt)
      return this.#stop.error
    }
    // Read once, so that a clock which is set meanwhile moves nothing.
    this.#stop = { error: new ShutdownError(cause), abortAt: now() + (abortAt - Date.now()), abortAtShown: abortAt, admit }
    const lives = [...this.#inflight].map((ctx) => ctx[lifetime])
    const watching = spread > 0 ? lives.filter((life) => life.watchesStopping).length : 0
    let told = 0
    for (const life of lives) life.stop(this.#stop, watching > 0 && life.watchesStopping ? (spread * told++) / watching : 0)
    return this.#stop.error
  }

  #postpone(abortAt: number): void {
    this.#stop = { ...(this.#stop as Stop), abortAt: now() + (abortAt - Date.now()), abortAtShown: abortAt }
    for (const ctx of this.#inflight) ctx[lifetime].postpone(this.#stop)
  }

  // ── Display ─────────────────────────────────────────────────────────────────────────────────

  toJSON() {
    return { subdomainOffset: this.subdomainOffset, proxy: this.proxy, env: this.env }
  }

  inspect(): unknown {
    return this.toJSON()
  }

  [inspect.custom](): unknown {
    return this.inspect()
  }
}

/** As it is unless somebody has another. */
const { handleRequest } = App.prototype
