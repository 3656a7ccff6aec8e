import { App } from '@ebbjs/core'

export const app = new App()

app.use(async (ctx, next) => {
  const started = performance.now()
  await next()
  ctx.set('Server-Timing', `total;dur=${(performance.now() - started).toFixed(1)}`)
})

app.use((ctx) => {
  ctx.body = { hello: ctx.query['name'] ?? 'world' }
})
