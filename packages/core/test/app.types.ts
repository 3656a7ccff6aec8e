import { expectTypeOf } from 'expect-type'
import { App, type Context, type DefaultState, type Middleware, type Next } from '@ebbjs/core'

interface User { name: string }

// A middleware author's own member of ctx, seen by every app that imports the middleware.
declare module '@ebbjs/core' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- must be named as in core
  interface Context<State> { memberOfATypeTest: number }
}

const withUser: Middleware<{ user: User }> = async (ctx, next) => {
  ctx.state.user = { name: 'tobi' }
  await next()
}
const withTrace: Middleware<{ trace: string }> = (ctx, next) => {
  ctx.state.trace = ctx.get('traceparent')
  return next()
}

// inline middleware is typed, and state is open by default
new App().use(async (ctx, next) => {
  expectTypeOf(ctx).toEqualTypeOf<Context<DefaultState>>()
  expectTypeOf(next).toEqualTypeOf<Next>()
  expectTypeOf(ctx.state['anything']).toEqualTypeOf<unknown>()
  expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>()
  expectTypeOf(ctx.deadline).toEqualTypeOf<number | undefined>()
  expectTypeOf(ctx.memberOfATypeTest).toEqualTypeOf<number>()
  expectTypeOf(ctx.query['a']).toEqualTypeOf<string | string[] | undefined>()
  expectTypeOf(await ctx.request.json()).toEqualTypeOf<unknown>()
  ctx.assert(ctx.state['user'], 401, 'sign in')
  if (ctx.path === '/') ctx.throw(404)
  if (ctx.path === '/a') ctx.throw(404, 'no such order', { id: 1 })
  if (ctx.path === '/b') ctx.throw('exploded')
  // @ts-expect-error a status is a number
  ctx.status = '200'
  // @ts-expect-error ctx has no such member
  void ctx.nope
})

// the app's own state
new App<{ user: User }>().use((ctx) => {
  expectTypeOf(ctx.state.user.name).toBeString()
  // @ts-expect-error not in the state
  void ctx.state.nope
})

// state accumulates through use()
const app = new App().use(withUser).use(withTrace).use((ctx) => {
  expectTypeOf(ctx.state.user).toEqualTypeOf<User>()
  expectTypeOf(ctx.state.trace).toEqualTypeOf<string>()
  // @ts-expect-error a User has no such member
  void ctx.state.user.nope
})
app.use((ctx) => { expectTypeOf(ctx.state.user.name).toBeString() })

// @ts-expect-error no function
new App().use('x')
// @ts-expect-error no such option
new App({ timeouts: 1 })

// an app can be subclassed, and use() keeps the class for what adds no state
class Shop extends App { open = true }
expectTypeOf(new Shop().use((ctx) => { ctx.body = 'x' })).toEqualTypeOf<Shop>()
