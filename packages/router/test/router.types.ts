import { type DefaultState } from '@ebbjs/core'
import { expectTypeOf } from 'expect-type'
import { type Params, Router } from '../src'

expectTypeOf<Params<'/users/:id'>>().toEqualTypeOf<{ id: string }>()
expectTypeOf<Params<'/users'>>().toEqualTypeOf<{}>()
expectTypeOf<Params<'/:a-:b.json'>>().toEqualTypeOf<{ a: string; b: string }>()
expectTypeOf<Params<'/users{/:id}'>>().toEqualTypeOf<{ id?: string }>()
expectTypeOf<Params<'/a{/:b{/:c}}/:d'>>().toEqualTypeOf<{ b?: string; c?: string; d: string }>()
expectTypeOf<Params<'/files/*path'>>().toEqualTypeOf<{ path: string[] }>()
expectTypeOf<Params<'/files{/*path}'>>().toEqualTypeOf<{ path?: string[] }>()
expectTypeOf<Params<'/:"with space"x'>>().toEqualTypeOf<{ 'with space': string }>()
expectTypeOf<Params<'/\\:not/:yes'>>().toEqualTypeOf<{ yes: string }>()
expectTypeOf<Params<string>>().toEqualTypeOf<Record<string, string>>()

const router = new Router()
router.get('/users/:id', (ctx) => {
  expectTypeOf(ctx.params).toEqualTypeOf<{ id: string }>()
  expectTypeOf(ctx.request.params).toEqualTypeOf<{ id: string }>()
  // @ts-expect-error -- no such param
  void ctx.params.idd
})
router.post('named', '/files/*path', { stop: 'end', timeout: 2_000 }, (ctx) => {
  expectTypeOf(ctx.params.path).toEqualTypeOf<string[]>()
})
// @ts-expect-error -- no such policy
router.get('/', { stop: 'never' }, () => {})

new Router({ prefix: '/orgs/:org' }).get('/users/:id', async (ctx, next) => {
  expectTypeOf(ctx.params).toEqualTypeOf<{ org: string; id: string }>()
  await next()
})
new Router().prefix('/v:version').get('/', (ctx) => {
  expectTypeOf(ctx.params).toEqualTypeOf<{ version: string }>()
})
new Router<{ user: string }, { requestId: number }>().get('/', (ctx) => {
  expectTypeOf(ctx.state.user).toEqualTypeOf<string>()
  expectTypeOf(ctx.requestId).toEqualTypeOf<number>()
})
new Router<DefaultState>({ prefix: '/x' }).get('/', () => {})

// ── Names ─────────────────────────────────────────────────────────────────────────────────────
const named = new Router({ prefix: '/v:version' }).get('user', '/users/:id', () => {}).get('file', '/files/*path', () => {}).get('home', '/', () => {})
expectTypeOf(named.url('user', { version: 1, id: 'x' })).toEqualTypeOf<string>()
named.url('user', { version: 1, id: 2 }, { query: { page: 2 } })
named.url('user', { version: 1, id: 2, query: 'page=2' })
named.url('user', 1, 2, { query: {} })
named.url('file', { version: 1, path: ['a', 'b'] })
// @ts-expect-error -- a param is missing
named.url('user', { version: 1 })
// @ts-expect-error -- no such param
named.url('user', { version: 1, id: 2, other: 3 })
// @ts-expect-error -- params are missing
named.url('home')
// @ts-expect-error -- a wildcard takes an array
named.url('file', { version: 1, path: 'a/b' })
expectTypeOf(named.url('unknown')).toEqualTypeOf<string | Error>()
expectTypeOf(new Router().url('any', { thing: 1 })).toEqualTypeOf<string | Error>()
Router.url('/users/:id', { id: 3 })
Router.url('/users{/:id}')
// @ts-expect-error -- no such param
Router.url('/users/:id', { idd: 3 })

// ── Nested ────────────────────────────────────────────────────────────────────────────────────
const child = new Router<DefaultState, { params: Params<'/orgs/:org'> }>()
child.get('/users/:id', (ctx) => {
  expectTypeOf(ctx.params.org).toEqualTypeOf<string>()
  expectTypeOf(ctx.params.id).toEqualTypeOf<string>()
})
new Router().use('/orgs/:org', child.routes())
new Router({ prefix: '/orgs/:org' }).use('/x', child.routes()).use(child.routes())
// @ts-expect-error -- mounted where there is no :org
new Router().use('/teams/:team', child.routes())

// ── use, param, middleware typed by others ────────────────────────────────────────────────────
new Router({ prefix: '/:a' }).use('/x/:b', async (ctx, next) => {
  expectTypeOf(ctx.params).toEqualTypeOf<{ a: string; b: string }>()
  await next()
})
new Router({ prefix: '/:a' }).use((ctx) => {
  expectTypeOf(ctx.params).toEqualTypeOf<{ a: string }>()
})
router.get(['/a/:x', '/b/:x'], (ctx) => {
  expectTypeOf(ctx.params.x).toEqualTypeOf<string>()
})
router.get(/^\/(?<name>\w+)$/, (ctx) => {
  expectTypeOf(ctx.params['name']).toEqualTypeOf<string | undefined>()
})
router.param('id', (value, ctx, next) => {
  expectTypeOf(value).toEqualTypeOf<string>()
  ctx.body = value
  return next()
})
declare const foreign: (ctx: { querystring: string; nothingOfOurs: number }, next: () => Promise<unknown>) => unknown
router.use(foreign).post('/upload', foreign, (ctx) => {
  expectTypeOf(ctx.params).toEqualTypeOf<{}>()
})
