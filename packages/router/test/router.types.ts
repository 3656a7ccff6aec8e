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
