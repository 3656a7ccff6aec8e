import { type Key, pathToRegexp } from 'path-to-regexp'
import { type Handler, type ParamHandler } from './handler'
import { readParams } from './params'
import { type Capture, parsePattern, type Sequence } from './pattern'
import { buildUrl } from './build-url'
import { checkRouteOptions, type RouteOptions } from './route-options'

/** Options of one layer; a router's options are the defaults of its layers'. */
export interface LayerOptions extends RouteOptions {
  /** What `router.url` and `router.route` find it by. */
  name?: string | undefined
  /** Letter case counts. Default false. */
  sensitive?: boolean | undefined
  /** A last '/' counts. Default false. */
  strict?: boolean | undefined
  /** One more '/' at the end is fine. Default: not `strict`. */
  trailing?: boolean | undefined
  /** false: the path may go on behind a '/'. Default true. */
  end?: boolean | undefined
  /** true: nothing is captured. */
  ignoreCaptures?: boolean | undefined
  /** true: a path given as a string is the source of a RegExp. */
  pathAsRegExp?: boolean | undefined
}

/** A handler that `param()` put into a layer's stack. */
type Inserted = Handler & { param?: string }

/** One route, or one middleware of `use` (then without methods): a path, its methods and its functions. */
export class Layer {
  readonly opts: LayerOptions
  readonly name: string | undefined
  /** Upper case; HEAD before GET. Empty for a middleware. */
  readonly methods: string[]
  /** The path with its prefixes, as it was given. */
  path: string | RegExp
  /** The very functions given, behind those of `param()`. */
  readonly stack: Handler[]
  /** What the path is compiled from; empty for a RegExp. */
  sequences: readonly Sequence[] = []
  #regexp: RegExp | undefined = undefined

  /**
   * @throws TypeError if a middleware is no function, an option is wrong or the path is not in path-to-regexp's syntax
   */
  constructor(path: string | RegExp, methods: readonly string[], middleware: Handler | readonly Handler[], opts: LayerOptions = {}, prefix = '') {
    this.opts = opts
    this.name = opts.name || undefined
    this.methods = methods.map((method) => method.toUpperCase())
    if (this.methods.includes('GET')) this.methods = ['HEAD'].concat(this.methods) // a spread would leave room for 16 more
    this.path = path
    this.stack = Array.isArray(middleware) ? [...(middleware as Handler[])] : [middleware as Handler]
    for (const fn of this.stack) {
      if (typeof fn === 'function') continue
      throw new TypeError(`${methods.toString()} \`${this.name ?? String(path)}\`: \`middleware\` must be a function, not \`${typeof fn}\``)
    }
    checkRouteOptions(opts, String(path))
    if (typeof path === 'string') this.path = join(prefix, path, opts.strict === true)
    this.#compile()
  }

  get sensitive(): boolean {
    return this.opts.sensitive === true
  }

  get end(): boolean {
    return this.opts.end !== false
  }

  get trailing(): boolean {
    return this.opts.trailing ?? this.opts.strict !== true
  }

  /** The path as a regular expression: the RegExp given, or path-to-regexp's, made when it is first asked for. */
  get regexp(): RegExp {
    return (this.#regexp ??= pathToRegexp(this.path as string, { sensitive: this.sensitive, end: this.end, trailing: this.trailing }).regexp)
  }

  /** The captures of every sequence of the pattern, in the order of `captures()`. */
  get keys(): Capture[] {
    return this.sequences.flat().filter((part) => typeof part !== 'string')
  }

  /** Params and wildcards as path-to-regexp lists them. */
  get paramNames(): Key[] {
    return this.keys.map(({ name, wildcard }) => ({ type: wildcard ? 'wildcard' : 'param', name }))
  }

  /** Is this a route for `method` (upper case)? */
  routes(method: string): boolean {
    const { methods } = this
    for (let index = methods.length - 1; index >= 0; index--) if (methods[index] === method) return true // GET stands behind HEAD
    return false
  }

  /** Does it take `path`? */
  match(path: string): boolean {
    this.regexp.lastIndex = 0
    return this.regexp.test(path)
  }

  /** What it captures of `path`, not decoded. */
  captures(path: string): (string | undefined)[] {
    if (this.opts.ignoreCaptures) return []
    this.regexp.lastIndex = 0
    return this.regexp.exec(path)?.slice(1) ?? []
  }

  /**
   * What was captured, decoded and by name, beside `existing`.
   * @throws BadPathError (status 400) for a percent-encoding that means nothing
   */
  params(_path: string, captures: readonly (string | undefined)[], existing: object = {}): Record<string, string | string[]> {
    return readParams(this.keys, captures, existing)
  }

  /**
   * The path with `params` filled in, encoded: `url({ id: 3 })`, `url(3)`, `url({ id: 3 }, { query: { page: 2 } })`.
   * @throws TypeError if a param is missing, or the path is a RegExp
   */
  url(...args: unknown[]): string {
    return buildUrl(this.path, args)
  }

  /** Runs `fn` before the layer's functions when it has a param of this name, in the order of the params in the path. */
  param(name: string, fn: ParamHandler): this {
    const names = this.paramNames.map((key) => key.name)
    const place = names.indexOf(name)
    if (place === -1) return this
    const inserted: Inserted = (ctx, next) => {
      const done = (ctx._matchedParams ??= new WeakMap())
      if (done.has(fn)) return next()
      done.set(fn, true)
      return fn(ctx.params[name] as string, ctx, next)
    }
    inserted.param = name
    const before = this.stack.findIndex((other: Inserted) => other.param === undefined || names.indexOf(other.param) > place)
    this.stack.splice(before === -1 ? this.stack.length : before, 0, inserted)
    return this
  }

  /** Puts `prefix` before the path; a RegExp stays as it is. */
  setPrefix(prefix: string): this {
    if (this.path instanceof RegExp) return this
    this.path = join(prefix, this.path, this.opts.strict === true)
    this.#compile()
    return this
  }

  /** The same layer under `prefix`, with arrays of its own. */
  under(prefix: string): Layer {
    const copy = new Layer(this.path, [], this.stack, { ...this.opts }, prefix)
    copy.methods.push(...this.methods)
    return copy
  }

  #compile(): void {
    this.#regexp = undefined
    if (this.path instanceof RegExp) this.#regexp = this.path
    else if (this.opts.pathAsRegExp) this.#regexp = new RegExp(this.path)
    else this.sequences = parsePattern(this.path)
  }
}

/** `prefix` and `path` as one path: '/' under a prefix is the prefix itself, and two '/' that meet become one. */
function join(prefix: string, path: string, strict: boolean): string {
  if (prefix === '' || path === '') return prefix + path
  if (path === '/' && !strict) return prefix.replace(/(.)\/$/, '$1')
  return prefix.endsWith('/') && path.startsWith('/') ? prefix + path.slice(1) : prefix + path
}
