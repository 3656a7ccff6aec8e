/* The tables that both routers are built from: one function for both. Untyped where the two type differently. */

type Ctx = Record<string, unknown> & { body: unknown; params: Record<string, unknown>; throw(status: number, message?: string): never; set(name: string, value: string): void }
type Next = () => Promise<unknown>
type Fn = (ctx: Ctx, next: Next) => unknown
type AnyRouter = Record<string, (...args: unknown[]) => AnyRouter> & {
  url(...args: unknown[]): unknown
  route(name: string): { path: string; url(...args: unknown[]): string } | false
  match(path: string, method: string): { path: { path: unknown }[]; pathAndMethod: { path: unknown }[]; route: boolean }
  matchHost(host?: string): boolean
  stack: { path: unknown; methods: string[]; name?: string; paramNames: unknown[]; stack: unknown[]; opts: unknown }[]
  methods: string[]
  routes(): Fn & { router: AnyRouter }
}

/** One of the two libraries. */
export interface Kit {
  Router: (new (options?: Record<string, unknown>) => AnyRouter) & { url(...args: unknown[]): unknown }
}

export interface Case {
  name: string
  build(kit: Kit, app: { use(fn: unknown): unknown }): void
  /** 'METHOD path [host]' */
  requests: string[]
  /** Why the answers are not equal. */
  differs?: string
  /** Our answers' bodies, where they differ. */
  ours?: string[]
}

/** Says what the router told ctx, and goes on. */
const say = (label: string): Fn => (ctx, next) => {
  const seen = (ctx['seen'] ??= []) as unknown[]
  const { params, captures, routerPath, routerName, _matchedRoute, _matchedRouteName, routeMatched, request } = ctx
  const matched = (ctx['matched'] as { path: unknown }[] | undefined)?.map(({ path }) => String(path))
  seen.push({ label, params, captures, routerPath: String(routerPath), routerName, _matchedRoute: String(_matchedRoute), _matchedRouteName, routeMatched, matched, same: (request as Ctx).params === params })
  ctx.body = seen
  return next()
}

/** Says less: what runs, and with what params. */
const run = (label: string): Fn => (ctx, next) => {
  const seen = (ctx['seen'] ??= []) as unknown[]
  seen.push([label, ctx.params])
  ctx.body = seen
  return next()
}

const end = (label: string): Fn => (ctx) => void run(label)(ctx, async () => {})

export const cases: Case[] = []

/** A table that one router holds. */
function table(name: string, fill: (router: AnyRouter, kit: Kit) => void, requests: string[], more: { options?: Record<string, unknown>; differs?: string; ours?: string[] } = {}): void {
  const { options, ...rest } = more
  cases.push({
    name,
    requests,
    ...rest,
    build(kit, app) {
      const router = new kit.Router(options)
      fill(router, kit)
      app.use(router.routes())
      app.use((router as unknown as { allowedMethods(): Fn }).allowedMethods())
    },
  })
}

/** A value that both compute without a request. */
function value(name: string, compute: (kit: Kit) => unknown, more: { differs?: string; ours?: string[] } = {}): void {
  cases.push({
    name,
    requests: ['GET /'],
    ...more,
    build(kit, app) {
      const result = compute(kit)
      app.use((ctx: Ctx) => {
        ctx.body = JSON.stringify(result instanceof Error ? `returned ${result.message}` : result) ?? 'undefined'
      })
    },
  })
}

// ── Paths ─────────────────────────────────────────────────────────────────────────────────────
for (const [path, ...requests] of [
  ['/', 'GET /', 'GET //', 'GET /a', 'HEAD /'],
  ['/a', 'GET /a', 'GET /a/', 'GET /A', 'GET /a//', 'GET /ab', 'GET /a/b', 'GET /a?x=1'],
  ['/a/', 'GET /a', 'GET /a/', 'GET /a//'],
  ['/:id', 'GET /1', 'GET /1/', 'GET /', 'GET /a%20b', 'GET /a+b', 'GET /a%2Fb', 'GET /%E2%82%AC', 'GET /a/b', 'GET /.', 'GET /~'],
  ['/:a/:b', 'GET /1/2', 'GET /1', 'GET /1//2', 'GET /1/2/'],
  ['/:a-:b', 'GET /1-2', 'GET /1-2-3', 'GET /--', 'GET /---', 'GET /-', 'GET /1--2'],
  ['/:a.:b', 'GET /x.y', 'GET /x.y.z', 'GET /x'],
  ['/:name.json', 'GET /x.json', 'GET /x.y.json', 'GET /.json', 'GET /x.JSON'],
  ['/:a--:b', 'GET /1--2', 'GET /1---2', 'GET /1-2'],
  ['/a{/:b}', 'GET /a', 'GET /a/', 'GET /a/1', 'GET /a/1/2'],
  ['/a{/:b{/:c}}', 'GET /a', 'GET /a/1', 'GET /a/1/2', 'GET /a/1/2/3'],
  ['{/:lang}/docs', 'GET /docs', 'GET /en/docs', 'GET /en/fr/docs'],
  ['/:a{-:b}{.:c}', 'GET /x', 'GET /x-y', 'GET /x-y.z', 'GET /x.z'],
  ['/v:version/x', 'GET /v1/x', 'GET /v/x', 'GET /V10/X'],
  ['/files/*path/info', 'POST /files/a/info', 'GET /files/info'],
  ['/:"a b"', 'GET /1'],
  ['/caf\u00e9', 'GET /caf%C3%A9'],
  ['/a\\:b', 'GET /a:b', 'GET /axb'],
  ['/:$x/:_y', 'GET /1/2'],
  ['/:id(abc)', 'GET /1'],
  ['/:', 'GET /'],
  ['/*', 'GET /'],
  ['/a?', 'GET /a'],
  ['/{a', 'GET /a'],
  ['/:a:b', 'GET /a'],
  ['/a+', 'GET /a'],
  ['/[a]', 'GET /a'],
  ['/a!', 'GET /a'],
] as [string, ...string[]][]) {
  table(`path ${path}`, (router) => router['get']?.(path, say('get')), requests)
}
for (const [path, request, body] of [
  ['/files/*path', 'GET /files/a/b%2Fc/d', '[["get",{"path":["a","b/c","d"]}]]'],
  ['/files{/*path}', 'GET /files/a', '[["get",{"path":["a"]}]]'],
  ['/*a/x/*b', 'GET /1/2/x/3/4', '[["get",{"a":["1","2"],"b":["3","4"]}]]'],
] as const) {
  table(`wildcard ${path}`, (router) => router['get']?.(path, run('get')), [request], { differs: 'a wildcard is an array of parts, as path-to-regexp gives it', ours: [body] })
}
table('bad encoding', (router) => router['get']?.('/:id', run('get')), ['GET /%zz'], {
  differs: 'bad percent-encoding is 400, not a param left as it came',
  ours: ['Cannot decode param "id" of the path: %zz is not valid percent-encoded UTF-8'],
})

// ── Options ───────────────────────────────────────────────────────────────────────────────────
for (const [name, options] of Object.entries({
  sensitive: { sensitive: true },
  strict: { strict: true },
  both: { sensitive: true, strict: true },
  prefix: { prefix: '/p' },
  'prefix and strict': { prefix: '/p', strict: true },
  'prefix with a param': { prefix: '/:p' },
  'prefix with an optional group': { prefix: '{/:p}/x' },
} as Record<string, Record<string, unknown>>)) {
  table(`option ${name}`, (router) => router['get']?.('/', run('root'))?.['get']?.('/Ab', run('ab'))?.['get']?.('/c/', run('c')), [
    'GET /', 'GET /Ab', 'GET /ab', 'GET /Ab/', 'GET /c', 'GET /c/', 'GET /p', 'GET /p/', 'GET /P', 'GET /p/Ab', 'GET /p/ab', 'GET /p/c', 'GET /p/c/', 'GET /q', 'GET /q/ab', 'GET /1/x/ab', 'GET /x/ab', 'GET /x',
  ], { options })
}
table('option prefix with a last slash', (router) => router['get']?.('/a', run('a')), ['GET /p/a'], {
  options: { prefix: '/p/' },
  differs: "a prefix's last slash and the path's first are one",
  ours: ['[["a",{}]]'],
})
table('option trailing', (router) => router['get']?.('/a', run('a')), ['GET /a/'], { options: { trailing: false }, differs: '`trailing` is honoured', ours: ['Not Found'] })
for (const host of ['a.test', ['a.test', 'b.test'], /^[ab]\.test$/, undefined] as const) {
  table(`option host ${String(host)}`, (router) => router['get']?.('/', run('root')), ['GET / a.test', 'GET / b.test', 'GET / c.test', 'GET / A.test', 'DELETE / c.test'], { options: { host } })
}
for (const exclusive of [true, 'specificity', false] as const) {
  table(
    `option exclusive ${String(exclusive)}`,
    (router) => router['get']?.('/:a/:b', run('two'))?.['get']?.('/:a/x', run('one'))?.['get']?.('/y/x', run('none'))?.['get']?.('/:c/:d', run('last')),
    ['GET /1/2', 'GET /1/x', 'GET /y/x', 'POST /y/x'],
    { options: { exclusive } },
  )
}
table('exclusive and a middleware behind the route', (router) => router['get']?.('/a', end('route'))?.['use']?.(run('use')), ['GET /a'], {
  options: { exclusive: true },
  differs: 'the last route runs, never a middleware instead of it',
  ours: ['[["route",{}]]'],
})
table('option methods', (router) => router['get']?.('/a', run('a'))?.['post']?.('/a', run('b')), ['PUT /a', 'PATCH /a', 'OPTIONS /a', 'GET /a', 'POST /a'], { options: { methods: ['GET', 'PUT'] } })
table('option routerPath', (router) => router['get']?.('/fixed', run('fixed')), ['GET /anything'], { options: { routerPath: '/fixed' } })

// ── Verbs and methods ─────────────────────────────────────────────────────────────────────────
for (const verb of ['get', 'post', 'put', 'patch', 'delete', 'del', 'head', 'options', 'all', 'propfind', 'purge', 'trace', 'm-search', 'link', 'search', 'report', 'mkcol']) {
  table(`verb ${verb}`, (router) => router[verb]?.('/a', run(verb)), ['GET /a', 'HEAD /a', 'POST /a', 'PUT /a', 'PATCH /a', 'DELETE /a', 'OPTIONS /a', 'PROPFIND /a', 'PURGE /a', 'TRACE /a', 'M-SEARCH /a', 'LINK /a', 'OPTIONS /b'])
}
table('several verbs', (router) => router['get']?.('/a', run('g'))?.['post']?.('/a', run('p'))?.['del']?.('/:x', run('d')), ['OPTIONS /a', 'PUT /a', 'OPTIONS /b', 'DELETE /a', 'DELETE /b', 'LOCK /a', 'LOCK /none', 'PUT /none/x'])
table('register', (router) => {
  router['register']?.('/a', ['get', 'post'], run('one'))
  router['register']?.(['/b', '/c'], ['PUT'], [run('two'), run('three')])
}, ['GET /a', 'HEAD /a', 'POST /a', 'PUT /b', 'PUT /c', 'OPTIONS /a', 'GET /c'])
table('register with end: false', (router) => router['register']?.('/a', ['GET'], run('one'), { end: false }), ['GET /a', 'GET /a/b', 'GET /ab'])
table('arrays of paths', (router) => router['get']?.(['/a', '/b/:x'], say('one')), ['GET /a', 'GET /b/1', 'GET /c', 'OPTIONS /a'])
table('arrays of paths with a RegExp', (router) => router['get']?.(['/a', /^\/c\d$/], run('one')), ['GET /a', 'GET /c1'], { differs: 'an array may hold RegExps, as their types say: theirs throws', ours: ['[["one",{}]]', '[["one",{}]]'] })
table('no handler', (router) => router['get']?.('/a'), ['GET /a', 'POST /a'])
table('several handlers', (router) => router['get']?.('/a', run('1'), run('2'), end('3'), run('4')), ['GET /a'])
for (const args of [['/a', 'x', 5], ['/a', 5], ['/a', {}, 5], [5], [], [[]], [undefined, () => {}], ['name', '/a', null], ['/a', ['x']], [null, () => {}]] as unknown[][]) {
  const own = (args[1] as object | undefined)?.constructor === Object
  table(`get(${JSON.stringify(args)})`, (router) => router['get']?.(...args), ['GET /a'], own ? { differs: 'an object before the handlers is options' } : {})
}
table('all()', (router) => router['all']?.(), ['GET /a'])
table('use()', (router) => router['use']?.(), ['GET /a'])
table("use('/a')", (router) => router['use']?.('/a'), ['GET /a'])
table("use('/a', 5)", (router) => router['use']?.('/a', 5), ['GET /a'])

// ── Order, several layers, next ───────────────────────────────────────────────────────────────
table('layers run in the order of registration', (router) => router['get']?.('/:x', say('1'))?.['use']?.(say('2'))?.['all']?.('/a', say('3'))?.['get']?.('/a', say('4')), ['GET /a', 'POST /a', 'GET /b', 'PUT /b'], {
  differs: 'a middleware without a path has the path \'\', not a RegExp of its own',
})
table('routes and middleware in the order of registration', (router) => router['get']?.('/:x', run('1'))?.['use']?.(run('2'))?.['all']?.('/a', run('3'))?.['get']?.('/a', run('4')), ['GET /a', 'POST /a', 'GET /b', 'PUT /b'])
table('params gather over layers', (router) => router['get']?.('/:a/x', run('1'))?.['get']?.('/:b/:c', run('2'))?.['get']?.('/:a/:c', run('3')), ['GET /1/x', 'GET /1/2'])
table('a handler that does not call next', (router) => router['get']?.('/a', end('1'))?.['get']?.('/a', run('2')), ['GET /a'])
table('next called twice', (router) => router['get']?.('/a', async (_ctx: Ctx, next: Next) => {
  await next()
  await next()
}), ['GET /a'])
table('a handler that throws', (router) => router['get']?.('/a', (ctx: Ctx) => ctx.throw(418, 'teapot')), ['GET /a'])
table('named', (router) => router['get']?.('one', '/a/:x', say('1'))?.['use']?.('/a', say('2'))?.['get']?.('/a/:y', say('3')), ['GET /a/1'])
table('a name before an unnamed route', (router) => router['get']?.('/a', say('1'))?.['get']?.('two', '/a', say('2')), ['GET /a'])
for (const [name, routers] of Object.entries({ 'two routers': 2, 'three routers': 3 })) {
  cases.push({
    name: `${name} on one app`,
    requests: ['GET /a/1', 'GET /a/2', 'DELETE /a/1', 'OPTIONS /a/1', 'GET /none'],
    build({ Router }, app) {
      for (let index = 0; index < routers; index++) {
        const router = new Router()
        router['get']?.(`/a/:p${index}`, say(String(index)))
        if (index > 0) router['post']?.('/a/1', say('post'))
        app.use(router.routes())
        app.use((router as unknown as { allowedMethods(): Fn }).allowedMethods())
      }
    },
  })
}
cases.push({
  name: 'ctx.routeMatched, ctx.matched and ctx.router behind the router',
  requests: ['GET /a', 'POST /a', 'GET /b'],
  build({ Router }, app) {
    const router = new Router()
    router['get']?.('/a', (_ctx: Ctx, next: Next) => next())
    app.use(router.routes())
    app.use((ctx: Ctx) => {
      ctx.body = { routeMatched: ctx['routeMatched'], matched: (ctx['matched'] as unknown[]).length, router: ctx['router'] === router, params: ctx.params ?? null }
    })
  },
})
cases.push({
  name: 'ctx.newRouterPath',
  requests: ['GET /x', 'GET /a'],
  build({ Router }, app) {
    const router = new Router()
    router['get']?.('/a', run('a'))
    app.use((ctx: Ctx, next: Next) => {
      ctx['newRouterPath'] = '/a'
      return next()
    })
    app.use(router.routes())
  },
})

// ── use ───────────────────────────────────────────────────────────────────────────────────────
for (const [name, path] of Object.entries({ none: undefined, root: '/', empty: '', static: '/a', slash: '/a/', param: '/:x', two: '/:x/:y', array: ['/a', '/b'], regexp: /^\/a/, wild: '/a{/:z}' } as Record<string, unknown>)) {
  table(`use with path ${name}`, (router) => {
    if (path === undefined) router['use']?.(run('use'))
    else router['use']?.(path, run('use'))
    router['get']?.('/', run('root'))?.['get']?.('/a', run('a'))?.['get']?.('/a/b', run('a/b'))?.['get']?.('/ab', run('ab'))?.['get']?.('/b/:n', run('b/n'))
  }, ['GET /', 'GET /a', 'GET /a/', 'GET /a/b', 'GET /ab', 'GET /b/1', 'GET /none', 'POST /a'])
}
for (const prefix of ['/p', '/:p', '/p/:q', '/p{/:o}']) {
  table(`use under the prefix ${prefix}`, (router) => router['use']?.(run('use'))?.['use']?.('/a', run('use a'))?.['get']?.('/', run('root'))?.['get']?.('/a', run('a'))?.['get']?.('/a/b', run('a/b')), ['GET /p', 'GET /p/a', 'GET /p/a/b', 'GET /p/1/a', 'GET /p/1', 'GET /q/a', 'GET /pa/a'], {
    options: { prefix },
  })
}
table('use under a prefix, in another case', (router) => router['use']?.(run('use'))?.['get']?.('/a', run('a')), ['GET /P/a'], {
  options: { prefix: '/p' },
  differs: 'a middleware runs for every path that its routes take: theirs compares case under a prefix',
  ours: ['[["use",{}],["a",{}]]'],
})
table('several middleware in one use', (router) => router['use']?.(run('1'), run('2'))?.['get']?.('/a', run('a')), ['GET /a'])
table('prefix() after the routes', (router) => {
  router['use']?.(run('use'))?.['get']?.('/', run('root'))?.['get']?.('/a', run('a'))
  router['prefix']?.('/p')
  router['get']?.('/b', run('b'))
}, ['GET /p', 'GET /p/a', 'GET /p/b', 'GET /a', 'GET /'])
table('prefix() twice', (router) => {
  router['get']?.('/', run('root'))?.['get']?.('/a', run('a'))
  router['prefix']?.('/p')
  router['get']?.('/b', run('b'))
  router['prefix']?.('/q/')
  router['get']?.('/c', run('c'))
}, ['GET /q', 'GET /q/a', 'GET /q/b', 'GET /q/c', 'GET /p/a', 'GET /q/p/a'])
table('prefix() with a param', (router) => router['get']?.('/a', run('a'))?.['prefix']?.('/:x'), ['GET /1/a', 'GET /a'])

// ── Nested routers ────────────────────────────────────────────────────────────────────────────
for (const [name, mount, outer, inner] of [
  ['static', '/n', undefined, undefined],
  ['with a param', '/:m', undefined, undefined],
  ['under a prefix', '/n', '/p', undefined],
  ['with a prefix of its own', '/n', undefined, '/i'],
  ['with params everywhere', '/n/:m', '/p/:o', '/i/:i'],
  ['without a path', undefined, '/p', '/i'],
] as const) {
  table(`nested ${name}`, (router, { Router }) => {
    const child = new Router(inner === undefined ? {} : { prefix: inner })
    child['get']?.('/', run('root'))?.['get']?.('/a/:x', run('a'))?.['post']?.('named', '/a/:x', run('post'))
    if (mount === undefined) router['use']?.(child.routes())
    else router['use']?.(mount, child.routes())
    router['get']?.('/n', run('own'))
  }, ['GET /n', 'GET /n/a/1', 'POST /n/a/1', 'DELETE /n/a/1', 'GET /p/n/a/1', 'GET /p/n', 'GET /n/i/a/1', 'GET /p/1/n/2/i/3/a/4', 'GET /p/i/a/1', 'GET /p/i', 'GET /1/a/2'], outer === undefined ? {} : { options: { prefix: outer } })
}
table('nested in nested', (router, { Router }) => {
  const leaf = new Router()
  leaf['get']?.('/c', run('c'))
  const middle = new Router()
  middle['use']?.('/b/:y', leaf.routes())
  router['use']?.('/a/:x', middle.routes())
}, ['GET /a/1/b/2/c', 'GET /b/2/c'])
table('nested with middleware', (router, { Router }) => {
  const child = new Router()
  child['use']?.(run('use'))?.['use']?.('/a', run('use a'))?.['get']?.('/a', run('a'))?.['get']?.('/b', run('b'))
  router['use']?.('/n', run('outer'), child.routes())
  router['get']?.('/n/b', run('own'))
}, ['GET /n/a', 'GET /n/b', 'GET /n'])
table('nested at an array of paths', (router, { Router }) => {
  const child = new Router()
  child['get']?.('/a', run('a'))
  router['use']?.(['/x', '/y/:z'], child.routes())
}, ['GET /x/a', 'GET /y/1/a', 'GET /a'])
table('nested twice, and changed later', (router, { Router }) => {
  const child = new Router()
  child['get']?.('/a', run('a'))
  router['use']?.('/x', child.routes())
  router['use']?.('/y', child.routes())
  child['get']?.('/b', run('b'))
}, ['GET /x/a', 'GET /y/a', 'GET /x/b'])
table('nested with middleware under a prefix with a param', (router, { Router }) => {
  const child = new Router()
  child['use']?.(run('use'))?.['get']?.('/a', run('a'))
  router['use']?.('/n', child.routes())
}, ['GET /1/n/a'], {
  options: { prefix: '/:p' },
  differs: 'a legal nest is built: theirs throws',
  ours: ['[["use",{"p":"1"}],["a",{"p":"1"}]]'],
})
table('nested at /', (router, { Router }) => {
  const child = new Router()
  child['get']?.('/a', run('a'))
  router['use']?.('/', child.routes())
}, ['GET /a'], { differs: "a mount path's slash and the path's first are one", ours: ['[["a",{}]]'] })
table('nested under a RegExp', (router, { Router }) => {
  const child = new Router()
  child['get']?.('/a', run('a'))
  router['use']?.(/^\/x/, child.routes())
}, ['GET /a', 'GET /x/a'])

// ── param ─────────────────────────────────────────────────────────────────────────────────────
const check = (label: string) => (given: unknown, ctx: Ctx, next: Next) => {
  ;((ctx['seen'] ??= []) as unknown[]).push([label, given])
  return next()
}
table('param before and after its routes', (router) => {
  router['get']?.('/:id', run('1'))
  router['param']?.('id', check('id'))
  router['get']?.('/x/:id', run('2'))?.['get']?.('/y/:other', run('3'))
}, ['GET /5', 'GET /x/5', 'GET /y/5'])
table('params run in the order of the path', (router) => router['param']?.('b', check('b'))?.['param']?.('a', check('a'))?.['param']?.('a', check('a2'))?.['get']?.('/:a/:b', run('ab'))?.['get']?.('/:b/:a', run('ba')), ['GET /1/2'])
table('param once a request', (router) => router['param']?.('id', check('id'))?.['get']?.('/:id', run('1'))?.['get']?.('/:id', run('2')), ['GET /5'])
table('param that throws', (router) => router['param']?.('id', (_id: string, ctx: Ctx) => ctx.throw(422))?.['get']?.('/:id', run('1')), ['GET /5'])
table('param of the outer router for a nested one', (router, { Router }) => {
  const child = new Router()
  child['param']?.('x', check('inner'))?.['get']?.('/:x', run('1'))
  router['param']?.('x', check('outer'))?.['param']?.('m', check('mount'))?.['use']?.('/:m', child.routes())
}, ['GET /1/2'])
table('param for an optional group', (router) => router['param']?.('id', check('id'))?.['get']?.('/a{/:id}', run('1')), ['GET /a/5', 'GET /a'])

// ── RegExp ────────────────────────────────────────────────────────────────────────────────────
table('RegExp', (router) => router['get']?.(/^\/a\/(\d+)(?:\/(x))?/, (ctx: Ctx) => (ctx.body = { captures: ctx['captures'], path: String(ctx['routerPath']), params: 0 })), ['GET /a/1', 'GET /a/1/x', 'GET /b', 'GET /A/1', 'GET /a/%20'])
table('RegExp among paths keeps its place', (router) => router['get']?.('/a', run('1'))?.['get']?.(/^\/a$/, run('2'))?.['get']?.('/a', run('3'))?.['get']?.(/./, run('4')), ['GET /a', 'GET /b'])
table('RegExp under a prefix', (router) => router['get']?.(/^\/x$/, run('x')), ['GET /x', 'GET /p/x'], { options: { prefix: '/p' } })
table('RegExp with a name', (router) => router['get']?.('name', /^\/x$/, say('x')), ['GET /x'])
table('RegExp params', (router) => router['get']?.(/^\/(\d+)\/(?<name>\w+)$/, run('x')), ['GET /5/ebb'], { differs: 'as its README says, params[0]; and named groups', ours: ['[["x",{"0":"5","1":"ebb","name":"ebb"}]]'] })
table('RegExp with flag g', (router) => router['get']?.(/^\/a/g, end('x')), ['GET /a', 'GET /a', 'GET /b', 'GET /a'])

// ── redirect, url, route ──────────────────────────────────────────────────────────────────────
table('redirect', (router) => {
  router['get']?.('home', '/home', run('home'))
  router['redirect']?.('/a', '/b')?.['redirect']?.('/c', 'home', 302)?.['redirect']?.('home', 'https://ebb.test/x')?.['redirect']?.('/d', 'http://ebb.test', 307)
}, ['GET /a', 'POST /a', 'GET /c', 'GET /d', 'GET /home', 'HEAD /a'])
table('redirect to an unknown name', (router) => router['redirect']?.('/a', 'nowhere'), ['GET /a'])
table('redirect from an unknown name', (router) => router['redirect']?.('nowhere', '/a'), ['GET /a'])
const named = (kit: Kit, path: unknown, options?: Record<string, unknown>) => {
  const router = new kit.Router(options)
  router['get']?.('name', path, () => {})
  return router
}
for (const [path, ...args] of [
  ['/a/:id', 3],
  ['/a/:id', { id: 3 }],
  ['/a/:id', '3'],
  ['/a/:id', 'a b/c'],
  ['/a/:id', { id: 'é' }],
  ['/a/:id/:x', 1, 2],
  ['/a/:id/:x', 1, 2, { query: { q: 1 } }],
  ['/a/:id', { id: 1 }, { query: { limit: 1, x: 'a b' } }],
  ['/a/:id', { id: 1 }, { query: 'limit=1' }],
  ['/a/:id', { id: 1, query: { page: 2 } }],
  ['/a', { query: { page: 2 } }],
  ['/a', { query: { list: [1, 2] } }],
  ['/a'],
  ['/a/:id'],
  ['/a/:id', {}],
  ['/a/:id', { other: 1 }],
  ['/a{/:id}'],
  ['/:a-:b', { a: 1, b: 2 }],
] as [string, ...unknown[]][]) {
  value(`url of ${path} with ${JSON.stringify(args)}`, (kit) => named(kit, path).url('name', ...args))
  value(`Router.url of ${path} with ${JSON.stringify(args)}`, (kit) => kit.Router.url(path, ...args))
}
value('url of a wildcard', (kit) => kit.Router.url('/f/*path', { path: ['a', 'b c'] }), { differs: 'a wildcard takes an array, as path-to-regexp does: theirs throws', ours: ['"/f/a/b%20c"'] })
value('url of an optional group', (kit) => kit.Router.url('/a{/:id}', { id: 2 }), { differs: 'params of groups are filled in: theirs leaves them out', ours: ['"/a/2"'] })
value('url with an array query value', (kit) => kit.Router.url('/a', [], { query: {} }))
value('url with fewer values than params', (kit) => kit.Router.url('/a/:x/:y', 1), { differs: 'a missing param throws: theirs writes "undefined"', ours: ['throws Missing parameters: y'] })
value('url of an unknown name', (kit) => new kit.Router().url('nowhere'))
value('url of a RegExp', (kit) => named(kit, /a/).url('name'))
value('url under a prefix', (kit) => named(kit, '/a/:id', { prefix: '/:p' }).url('name', { p: 1, id: 2 }))
value('route of a name', (kit) => (named(kit, '/a/:id').route('name') as { path: string }).path)
value('route of an unknown name', (kit) => named(kit, '/a/:id').route('other'))
value('matchHost', (kit) => [new kit.Router().matchHost('a'), new kit.Router({ host: 'a' }).matchHost('b'), new kit.Router({ host: 'a' }).matchHost(), new kit.Router({ host: ['a', 'b'] }).matchHost('b'), new kit.Router({ host: /a/ }).matchHost('ba')])
value('match', (kit) => {
  const router = new kit.Router()
  router['get']?.('/a', () => {})?.['post']?.('/a', () => {})?.['use']?.('/a', () => {})?.['get']?.('/b', () => {})
  return ['GET', 'post', 'PUT'].map((method) => {
    const { path, pathAndMethod, route } = router.match('/a', method)
    return [path.map((layer) => layer.path), pathAndMethod.map((layer) => layer.path), route]
  })
})
value('the stack', (kit) => {
  const router = new kit.Router({ prefix: '/p' })
  router['get']?.('n', '/a/:x{/:y}', () => {}, () => {})?.['del']?.('/b/*w', () => {})
  return router.stack.map(({ path, methods, name, paramNames, stack }) => [path, methods, name, paramNames, stack.length])
})
value('methods', (kit) => [new kit.Router().methods, new kit.Router({ methods: ['GET'] }).methods])

// ── events ────────────────────────────────────────────────────────────────────────────────────
table('on not-found', (router) => router['get']?.('/a', run('a'))?.['on']?.('not-found', run('1'))?.['on']?.((events: { NotFound: string }) => events.NotFound, end('2')), ['GET /a', 'GET /b', 'POST /a'])
for (const [name, options] of Object.entries({ plain: {}, throwing: { throw: true }, own: { throw: true, notImplemented: () => Object.assign(new Error('own 501'), { status: 501, expose: true }), methodNotAllowed: () => Object.assign(new Error('own 405'), { status: 405, expose: true }) } })) {
  cases.push({
    name: `allowedMethods, ${name}`,
    requests: ['PUT /a', 'OPTIONS /a', 'LOCK /a', 'PUT /none', 'OPTIONS /none', 'GET /a', 'GET /set', 'OPTIONS /all'],
    build({ Router }, app) {
      const router = new Router()
      router['get']?.('/a', run('a'))?.['get']?.('/set', (ctx: Ctx) => (ctx['status'] = 204))?.['all']?.('/all', () => {})
      app.use(router.routes())
      app.use((router as unknown as { allowedMethods(options: unknown): Fn }).allowedMethods(options))
    },
  })
}
