import KoaRouter from '@koa/router'
import { Router } from '@ebbjs/router'
import FindMyWay, { type HTTPMethod } from 'find-my-way'
import { RegExpRouter } from 'hono/router/reg-exp-router'
import { TrieRouter } from 'hono/router/trie-router'
import { match } from 'path-to-regexp'
import { type Row } from './table'

/** A router filled with a table: `find` gives its own result, `pattern` the pattern that it found. */
export interface Filled {
  find(method: string, path: string): unknown
  pattern(method: string, path: string): string | undefined
}

/** Each router by name. Its handlers are the patterns, wrapped where it wants functions. */
export const routers: Record<string, (rows: readonly Row[]) => Filled | Promise<Filled>> = {
  ebb(rows) {
    const router = new Router()
    for (const [method, path] of rows) router.register(path, [method], () => {})
    return {
      find: (method, path) => router.find(method, path),
      pattern: (method, path) => router.find(method, path)?.route.path as string | undefined,
    }
  },

  'find-my-way'(rows) {
    const router = FindMyWay()
    for (const [method, path] of rows) router.on(method as HTTPMethod, star(path), () => {}, path)
    const find = (method: string, path: string) => router.find(method as HTTPMethod, path)
    return { find, pattern: (method, path) => (find(method, path)?.store ?? undefined) as string | undefined }
  },

  async rou3(rows) {
    const { addRoute, createRouter, findRoute } = await import('rou3')
    const router = createRouter<string>()
    for (const [method, path] of rows) addRoute(router, method, path.replace(/\*(\w+)/, '**:$1'), path)
    const find = (method: string, path: string) => findRoute(router, method, path)
    return { find, pattern: (method, path) => find(method, path)?.data }
  },

  'hono RegExpRouter': (rows) => hono(new RegExpRouter<string>(), rows),
  'hono TrieRouter': (rows) => hono(new TrieRouter<string>(), rows),

  '@koa/router'(rows) {
    const router = new KoaRouter()
    for (const [method, path] of rows) router.register(path, [method], () => {})
    // What its middleware does with a match, without running it.
    const find = (method: string, path: string) => {
      const { pathAndMethod, route } = router.match(path, method)
      const layer = route ? pathAndMethod[0] : undefined
      return layer === undefined ? undefined : { layer, params: layer.params(path, layer.captures(path)) }
    }
    return { find, pattern: (method, path) => find(method, path)?.layer.path as string | undefined }
  },

  'path-to-regexp in a loop'(rows) {
    const table = rows.map(([method, path]) => ({ method, path, matches: match(path) }))
    const find = (method: string, path: string) => {
      for (const row of table) {
        if (row.method !== method) continue
        const found = row.matches(path)
        if (found !== false) return { row, params: found.params }
      }
      return undefined
    }
    return { find, pattern: (method, path) => find(method, path)?.row.path }
  },
}

function hono(router: RegExpRouter<string> | TrieRouter<string>, rows: readonly Row[]): Filled {
  for (const [method, path] of rows) router.add(method, star(path), path)
  return {
    find: (method, path) => router.match(method, path),
    pattern: (method, path) => router.match(method, path)[0][0]?.[0],
  }
}

/** A wildcard as most routers write it. */
function star(path: string): string {
  return path.replace(/\*\w+/, '*')
}
