import http from 'node:http'
import { type AnyHandler, type Handler, type RouterContext } from './handler'
import { type LayerOptions } from './layer'
import { type ParamsOf } from './path-params'
import { isRouteOptions, type RouteOptions } from './route-options'
import { type Router } from './router'

/** What a route may be given as its path: paths as in path-to-regexp, RegExps, or several of these. */
export type PathInput = string | RegExp | readonly (string | RegExp)[]

/** Handlers, after the route's options if it has any. */
export type RouteHandlers<Ctx> = [options: RouteOptions, ...handlers: (Handler<Ctx> | AnyHandler)[]] | (Handler<Ctx> | AnyHandler)[]

/** Adds a route: `(path, ...handlers)`, `(path, options, ...handlers)`, or either of these after a name. */
export interface AddRoute<State, Extra, Prefix extends string, Names> {
  <const Name extends string, const Path extends string | RegExp>(
    name: Name,
    path: Path,
    ...handlers: RouteHandlers<RouterContext<State, Extra, ParamsOf<Prefix, Path>>>
  ): Router<State, Extra, Prefix, Names & { [Key in Name]: Path extends string ? `${Prefix}${Path}` : string }>
  <const Path extends PathInput>(
    path: Path,
    ...handlers: RouteHandlers<RouterContext<State, Extra, ParamsOf<Prefix, Path>>>
  ): Router<State, Extra, Prefix, Names>
}

type Verb =
  | 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options' | 'connect' | 'trace'
  | 'acl' | 'bind' | 'checkout' | 'copy' | 'link' | 'lock' | 'm-search' | 'merge' | 'mkactivity' | 'mkcalendar' | 'mkcol' | 'move'
  | 'notify' | 'propfind' | 'proppatch' | 'purge' | 'query' | 'rebind' | 'report' | 'search' | 'source' | 'subscribe'
  | 'unbind' | 'unlink' | 'unlock' | 'unsubscribe'

/** One method of Router for each method of HTTP that Node knows; `del` is `delete`, `all` is all of them. */
export type Verbs<State, Extra, Prefix extends string, Names> = {
  [Name in Verb | 'del' | 'all']: AddRoute<State, Extra, Prefix, Names>
}

/** The verbs, each with the methods that its routes take. `query` is there where Node has it (22.2 on). */
export const verbs = new Map<string, string[]>([
  ...http.METHODS.map((method): [string, string[]] => [method.toLowerCase(), [method.toLowerCase()]]),
  ['del', ['delete']],
  ['all', http.METHODS.map((method) => method.toLowerCase())],
])

/**
 * What a verb was given: `(path, ...handlers)`, with a name before it or options behind it.
 * @throws TypeError if there is no path
 */
export function readRoute(verb: string, args: readonly unknown[]): { path: PathInput; handlers: Handler[]; options: LayerOptions } {
  const named = args.length >= 2 && (typeof args[1] === 'string' || args[1] instanceof RegExp)
  const [path, ...rest] = named ? args.slice(1) : args
  if (typeof path !== 'string' && !(path instanceof RegExp) && !(Array.isArray(path) && path.length > 0)) {
    const name = verb === 'del' ? 'delete' : verb
    throw new TypeError(`You have to provide a path when adding a${name === 'all' ? 'n' : ''} ${name} handler`)
  }
  const options = isRouteOptions(rest[0]) ? (rest.shift() as RouteOptions) : {}
  return { path: path as PathInput, handlers: rest as Handler[], options: named ? { ...options, name: args[0] as string } : options }
}
