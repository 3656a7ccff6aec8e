import { type DefaultState, type Next } from '@ebbjs/core'
import { allowedMethods, type AllowedMethodsOptions, methodsOf } from './allowed-methods'
import { buildUrl } from './build-url'
import { dispatch } from './dispatch'
import { announce, choose } from './found'
import { type AnyHandler, type Handler, type ParamHandler, type RouterContext } from './handler'
import { inspectLayers, type RouteReport } from './inspect'
import { Layer, type LayerOptions } from './layer'
import { type Match, Matcher, type MatchResult } from './matcher'
import { type ParamsOf, type Params } from './path-params'
import { defaultMethods, matchHost, RouterEvents, type RouterEventSelector, type RouterOptions } from './router-options'
import { type UrlArgs } from './url-args'
import { readRoute, type Verbs, verbs } from './verbs'

/** What `use` takes. */
type Used<Ctx> = Handler<Ctx> | AnyHandler

/** What `router.routes()` gives: a middleware that knows its router, so that another router can mount it. */
export interface RouterMiddleware<State, Extra, Params = {}> {
  (ctx: RouterContext<State, Extra, Params>, next: Next): Promise<unknown> | undefined
  router: Router
}

/**
 * Koa's router: layers (routes, and the middleware of `use`) that run in the order of registration if they take the
 * request's path and method. All patterns are compiled into one tree when the first request arrives.
 */
export class Router<State = DefaultState, Extra = {}, const Prefix extends string = '', Names = {}> {
  readonly opts: RouterOptions
  readonly methods: readonly string[]
  readonly exclusive: boolean
  readonly host: RouterOptions['host']
  /** What `param` was given, by name. */
  readonly params: Record<string, ParamHandler[]> = Object.create(null) as Record<string, ParamHandler[]>
  /** The layers, in order. */
  readonly stack: Layer[] = []
  /** What the options say of every layer: only what is given, for a large table holds it often. */
  readonly #defaults: LayerOptions = {}
  readonly #notFound = { stack: [] as Handler[], enter() {} }
  #matcher = new Matcher()

  constructor(options: RouterOptions<Prefix> = {}) {
    this.opts = { ...options }
    this.methods = [...(options.methods ?? defaultMethods)]
    this.exclusive = Boolean(options.exclusive)
    this.host = options.host
    for (const name of ['sensitive', 'strict', 'trailing'] as const) {
      if (options[name] !== undefined) this.#defaults[name] = options[name]
    }
  }

  /** `path` with params filled in: `Router.url('/users/:id', { id: 1 })`. */
  static url<const Path extends string>(path: Path, ...args: UrlArgs<Path>): string
  static url(path: RegExp, ...args: unknown[]): never
  static url(path: string | RegExp, ...args: unknown[]): string {
    return buildUrl(path, args)
  }

  // ── Registration ────────────────────────────────────────────────────────────────────────────

  /**
   * Adds a route.
   * @returns the layer, or the router when `path` is an array
   */
  register(path: string | RegExp, methods: readonly string[], middleware: Handler | readonly Handler[], options?: LayerOptions): Layer
  register(path: readonly (string | RegExp)[], methods: readonly string[], middleware: Handler | readonly Handler[], options?: LayerOptions): this
  register(path: string | RegExp | readonly (string | RegExp)[], methods: readonly string[], middleware: Handler | readonly Handler[], options: LayerOptions = {}): Layer | this {
    if (Array.isArray(path)) {
      for (const one of path as (string | RegExp)[]) this.register(one, methods, middleware, options)
      return this
    }
    const layer = new Layer(path as string | RegExp, methods, middleware, { ...this.#defaults, ...options }, this.opts.prefix)
    for (const [name, handlers] of Object.entries(this.params)) for (const fn of handlers) layer.param(name, fn)
    this.stack.push(layer)
    return layer
  }

  static {
    for (const [verb, methods] of verbs) {
      const value = function (this: Router, ...args: unknown[]) {
        const { path, handlers, options } = readRoute(verb, args)
        this.register(path as string, methods, handlers, options)
        return this
      }
      Object.defineProperty(this.prototype, verb, { value, writable: true, configurable: true })
    }
  }

  /**
   * Adds middleware that runs, in its place among the routes, when a route matches: for every path, or for `path` and
   * what lies below it ('/' is the root alone). What another router's `routes()` gave is mounted: copies of its layers
   * are added with `path` before theirs.
   */
  use<const Path extends string | RegExp | readonly string[]>(path: Path, ...middleware: Used<RouterContext<State, Extra, ParamsOf<Prefix, Path>>>[]): this
  use(...middleware: Used<RouterContext<State, Extra, Params<Prefix>>>[]): this
  use(...args: unknown[]): this {
    const [first, ...rest] = args
    if (Array.isArray(first) && first.length > 0 && first.every((path) => typeof path === 'string')) {
      for (const path of first as string[]) this.use(path, ...(rest as AnyHandler[]))
      return this
    }
    const hasPath = typeof first === 'string' || first instanceof RegExp
    const path = hasPath ? first : ''
    const functions = (hasPath ? rest : args) as Handler[]
    if (functions.length === 0) throw new TypeError('You must provide at least one middleware function to router.use()')
    for (const fn of functions) {
      const nested = typeof fn === 'function' ? (fn as Partial<RouterMiddleware<State, Extra>>).router : undefined
      if (nested instanceof Router) this.#mount(nested, path)
      else this.register(path, [], fn, { end: path === '/' })
    }
    return this
  }

  #mount(nested: Router, path: string | RegExp): void {
    const { prefix = '' } = this.opts
    for (const layer of [...nested.stack]) {
      const copy = layer.under(typeof path === 'string' ? path : '').setPrefix(prefix)
      for (const [name, handlers] of Object.entries(this.params)) for (const fn of handlers) copy.param(name, fn)
      this.stack.push(copy)
    }
  }

  /** Puts `prefix` before every path, also of routes added before; a prefix set earlier is replaced. */
  prefix<const P extends string>(prefix: P): Router<State, Extra, P, Names> {
    const previous = this.opts.prefix ?? ''
    const next = prefix.replace(/\/$/, '')
    this.opts.prefix = next
    for (const layer of this.stack) {
      if (typeof layer.path === 'string' && previous !== '' && (layer.path === previous || layer.path.startsWith(`${previous}/`))) {
        layer.path = layer.path.slice(previous.length) || (layer.methods.length === 0 ? '' : '/')
      }
      layer.setPrefix(next)
    }
    this.#matcher = new Matcher()
    return this as unknown as Router<State, Extra, P, Names>
  }

  /** Runs `fn` before the handlers of every route with a param `name`, once a request. */
  param(name: string, fn: ParamHandler<RouterContext<State, Extra>>): this {
    ;(this.params[name] ??= []).push(fn as ParamHandler)
    for (const layer of this.stack) layer.param(name, fn as ParamHandler)
    return this
  }

  /** Redirects `source` to `destination`: paths, names of routes, or for the destination a URL. Default status 301. */
  redirect(source: string, destination: string, status = 301): this {
    const from = source.startsWith('/') ? source : this.#urlOf(source)
    const to = destination.startsWith('/') || destination.includes('://') ? destination : this.#urlOf(destination)
    this.all(from, (ctx: RouterContext) => {
      ctx.redirect(to)
      ctx.status = status
    })
    return this
  }

  /** Has `handler` run, as a middleware, when no route takes path and method. */
  on(event: RouterEventSelector, handler: Handler<RouterContext<State, Extra>>): this {
    const name = typeof event === 'function' ? event(RouterEvents) : event
    if (name === RouterEvents.NotFound) this.#notFound.stack.push(handler as Handler)
    return this
  }

  // ── Asking ──────────────────────────────────────────────────────────────────────────────────

  /**
   * The first route in the order of registration that takes method and path, or null; no middleware, no context.
   * @throws BadPathError (a URIError with status 400) if a param is not valid percent-encoded UTF-8
   */
  find(method: string, path: string): Match | null {
    const matcher = this.#compiled()
    const match = matcher.first(path, method)
    if (match !== null) return match
    const upperCase = method.toUpperCase() // Node's methods are: this costs only who finds nothing
    return upperCase === method ? null : matcher.first(path, upperCase)
  }

  /** The methods that some route takes at `path`. */
  allowed(path: string): string[] {
    return methodsOf(this.#compiled().select(path, '').path)
  }

  /** Every layer that takes the path, and those of them that run for the method. */
  match(path: string, method: string): MatchResult {
    const selection = this.#compiled().select(path, method.toUpperCase())
    return { path: selection.path, pathAndMethod: selection.found.map(({ layer }) => layer), route: selection.route }
  }

  /** Is the router for this host? */
  matchHost(host?: string): boolean {
    return matchHost(this.host, host)
  }

  /** The route of this name, or false. */
  route(name: string): Layer | false {
    return this.stack.find((layer) => layer.name === name) ?? false
  }

  /**
   * The path of a named route with params filled in: `router.url('user', { id: 3 }, { query: { page: 2 } })`.
   * @returns an Error (not thrown, as in @koa/router) if there is no such route
   * @throws TypeError if a param is missing
   */
  url<Name extends keyof Names & string>(name: Name, ...args: UrlArgs<Names[Name] & string>): string
  url<Name extends string>(name: Name extends keyof Names ? never : Name, ...args: unknown[]): string | Error
  url(name: string, ...args: unknown[]): string | Error {
    const layer = this.route(name)
    return layer ? layer.url(...args) : new Error(`No route found for name: ${String(name)}`)
  }

  #urlOf(name: string): string {
    const url = (this as unknown as Router).url(name)
    if (url instanceof Error) throw url
    return url
  }

  /** A report on each layer: methods, handlers' names, what is shadowed, what no request can reach. */
  inspect(): RouteReport[] {
    return inspectLayers(this.stack)
  }

  // ── Running ─────────────────────────────────────────────────────────────────────────────────

  /** The middleware that runs what matches, for `app.use` or another router's `use`. */
  routes(): RouterMiddleware<State, Extra> {
    const middleware = (ctx: RouterContext, next: Next): Promise<unknown> | undefined => {
      if (this.host && !this.matchHost(ctx.host)) return next()
      const path = this.opts.routerPath || ctx.newRouterPath || ctx.path || ctx.routerPath || ''
      const { path: matched, found, route } = this.#compiled().select(path as string, ctx.method)
      ctx.matched = ctx.matched === undefined ? matched : [...ctx.matched, ...matched]
      ctx.router = this as unknown as Router
      ctx.routeMatched = route
      if (!route) return this.#notFound.stack.length === 0 ? next() : dispatch(ctx, [this.#notFound], next)

      const running = this.exclusive ? [choose(found, this.opts.exclusive === 'specificity')] : found
      announce(ctx, running)
      return dispatch(ctx, running, next)
    }
    return Object.assign(middleware, { router: this as unknown as Router }) as unknown as RouterMiddleware<State, Extra>
  }

  /** The same as `routes()`. */
  middleware(): RouterMiddleware<State, Extra> {
    return this.routes()
  }

  /** A middleware that answers OPTIONS, and 405 or 501 where only other methods match; `use` it after `routes()`. */
  allowedMethods(options: AllowedMethodsOptions = {}) {
    return allowedMethods(this.methods, options)
  }

  /** The tree, with the layers added since it was last asked; made anew if the stack was changed by hand. */
  #compiled(): Matcher {
    const { stack } = this
    const { size, last } = this.#matcher
    if (size === stack.length && last === stack[size - 1]) return this.#matcher
    if (size > stack.length || last !== stack[size - 1]) this.#matcher = new Matcher()
    while (this.#matcher.size < stack.length) this.#matcher.add(stack[this.#matcher.size] as Layer)
    return this.#matcher
  }
}

// One method a verb; TypeScript merges the interface into the class.
export interface Router<State, Extra, Prefix extends string, Names> extends Verbs<State, Extra, Prefix, Names> {}
