import { type Context, type DefaultState, type Next, type Request } from '@ebbjs/core'
import { type Layer } from './layer'
import { type StopPolicy } from './route-options'
import { type Router } from './router'

/** What the router adds to `ctx`. */
export interface RouterExtra<Params = Record<string, string>> {
  /** The path's params, decoded: strings, and arrays of strings for wildcards. */
  params: Params
  request: Request & { params: Params }
  /** The router that matched. */
  router: Router
  /** The path of the layer that runs. */
  routerPath?: string | RegExp
  /** Its name. */
  routerName?: string | undefined
  /** What its pattern captured, not decoded. */
  captures?: (string | undefined)[]
  /** Every layer that takes the path, whatever its methods. */
  matched?: Layer[]
  /** Does a route take path and method? */
  routeMatched?: boolean
  /** Set by a middleware to have another path matched. */
  newRouterPath?: string
  /** The policy of the route that matched, if it has one. */
  stopPolicy?: StopPolicy
  _matchedRoute?: string | RegExp
  _matchedRouteName?: string
  _matchedParams?: WeakMap<object, boolean>
}

/** `ctx` in a handler. */
export type RouterContext<State = DefaultState, Extra = {}, Params = Record<string, string>> = Context<State> & Extra & RouterExtra<Params>

/** A function of a route or of `use`. */
export type Handler<Ctx = RouterContext> = (ctx: Ctx, next: Next) => unknown

/** A function of `param()`: gets the param's value first. */
export type ParamHandler<Ctx = RouterContext> = (value: string, ctx: Ctx, next: Next) => unknown

/**
 * Middleware typed by others, such as @types/koa, taken as it is. It has no call signature, so that the types of inline
 * functions are still inferred. What `routes()` gives is not one: its types are checked.
 */
export type AnyHandler = CallableFunction & { router?: never }
