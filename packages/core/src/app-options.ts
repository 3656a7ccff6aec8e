import { type AsyncLocalStorage } from 'node:async_hooks'
import { type ServerOptions } from 'node:http'
import { inspect } from 'node:util'
import { type Composed, type Middleware } from './compose'
import { type Context } from './context'

/** Options of an App; Koa's, `server` and `timeout`. Unknown ones are ignored, as in Koa. */
export interface AppOptions {
  /** The environment's name. Default: NODE_ENV, or 'development'. Changes nothing by itself. */
  env?: string
  /** Keys that sign cookies, or a Keygrip. */
  keys?: unknown
  /** Trust X-Forwarded-Host, -Proto and `proxyIpHeader`. Default false. */
  proxy?: boolean
  /** How many parts of the host name are the domain. Default 2. */
  subdomainOffset?: number
  /** Default 'X-Forwarded-For'. */
  proxyIpHeader?: string
  /** How many addresses of `proxyIpHeader` count, from the last. Default 0: all. */
  maxIpsCount?: number
  /** Makes one function of the middleware. Default: this package's `compose`. */
  compose?: (middleware: readonly Middleware[]) => Composed<Context>
  /** true or a storage: `app.currentContext` is the context of the running request. Default false: it costs every await. */
  asyncLocalStorage?: boolean | AsyncLocalStorage<Context>
  /** Options of http.createServer for `listen`. Of them keepAliveTimeout is 72_000 (ms) by default. */
  server?: ServerOptions
  /** The deadline (ms) of every request, unless it sets its own. Default: none. */
  timeout?: number
}

/** What `beginStop` takes. */
export interface StopOptions {
  /** What began the stop: 'SIGTERM', … */
  cause: string
  /** The moment (ms since the epoch) at which what is left will be aborted: deadlines are clamped to it. */
  abortAt?: number
  /** Asked for each request that arrives from now on, before any middleware: false answers it 503. Default: all are served. */
  admit?: (ctx: Context) => boolean
  /** Time (ms) over which requests that have read `ctx.stopping` are told, at even steps. Default 0: all at once. */
  spread?: number
}

/** What an App does when it is not told otherwise. `env` is NODE_ENV's, if that is set. */
export const defaults = {
  env: 'development',
  proxy: false,
  subdomainOffset: 2,
  proxyIpHeader: 'X-Forwarded-For',
  maxIpsCount: 0,
  asyncLocalStorage: false,
} as const

/**
 * How long (ms) servers of `listen` keep idle connections. Node's 5 s are shorter than the 60 s of most balancers, which
 * then send a request on a connection that is being closed, and answer 502.
 */
export const KEEP_ALIVE_TIMEOUT = 72_000

/** @throws RangeError if `timeout` is not a number of ms above 0. Koa checks none of its own options; neither do we. */
export function checkTimeout(timeout: number | undefined): void {
  if (timeout === undefined || (typeof timeout === 'number' && timeout > 0)) return
  throw new RangeError(`Cannot create an App with timeout ${inspect(timeout)}: it must be a number of ms above 0`)
}
