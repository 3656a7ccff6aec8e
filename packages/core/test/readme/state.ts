import { App, type Middleware } from '@ebbjs/core'

interface User { name: string }

const authenticate: Middleware<{ user: User }> = async (ctx, next) => {
  ctx.assert(ctx.get('Authorization') !== '', 401, 'Sign in first')
  ctx.state.user = { name: 'tobi' }
  await next()
}

export const app = new App().use(authenticate).use((ctx) => {
  ctx.body = ctx.state.user.name // a string: use() has added to the type of state
})
