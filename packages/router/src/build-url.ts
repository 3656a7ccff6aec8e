import { stringify } from 'node:querystring'
import { compile, parse, type ParamData, type Token } from 'path-to-regexp'

/** Options of `url()`, behind the params. */
export interface UrlOptions {
  /** What follows the '?': an object to encode, or a string as it is. */
  query?: Record<string, unknown> | string | undefined
}

/**
 * `path` with params filled in, encoded. `args` are what @koa/router's `url` takes: an object of params and then
 * options, or the params' values in order and then options; options may stand alone, and `query` among the params.
 * @throws TypeError if a param is missing, or the path is a RegExp
 */
export function buildUrl(path: string | RegExp, args: readonly unknown[]): string {
  if (path instanceof RegExp) {
    throw new TypeError('Cannot generate URL for routes defined with RegExp paths. Use string paths with named parameters instead.')
  }
  const { params, query } = readArguments(args)
  const keys = keysOf(parse(path).tokens)
  const values: ParamData = {}
  for (const [index, { name, type }] of keys.entries()) {
    const value = Array.isArray(params) ? params[index] : params[name]
    if (value === undefined || value === null) continue
    values[name] = type === 'wildcard' ? (Array.isArray(value) ? value.map(String) : String(value).split('/')) : String(value)
  }
  const url = compile(path)(values)
  const search = typeof query === 'string' ? query.replace(/^\?/, '').replaceAll('#', '%23') : stringify(query as Parameters<typeof stringify>[0])
  return search === '' ? url : `${url}?${search}`
}

function readArguments(args: readonly unknown[]): { params: unknown[] | Record<string, unknown>; query: UrlOptions['query'] } {
  const [first, second] = args
  if (!isObject(first)) {
    const last = args.at(-1)
    return isObject(last) ? { params: args.slice(0, -1), query: (last as UrlOptions).query } : { params: [...args], query: undefined }
  }
  if (Array.isArray(first)) return { params: first, query: (second as UrlOptions | undefined)?.query }
  if (second !== undefined) return { params: first, query: (second as UrlOptions).query }
  const { query, ...params } = first
  return { params, query: query as UrlOptions['query'] }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Params and wildcards in the order of the path, those of groups too. */
function keysOf(tokens: readonly Token[]): { name: string; type: 'param' | 'wildcard' }[] {
  return tokens.flatMap((token) => (token.type === 'group' ? keysOf(token.tokens) : token.type === 'text' ? [] : [token]))
}
