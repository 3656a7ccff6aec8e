// What a user's compiler sees: packages.mjs compiles it against the tarballs, strictly and library declarations too.
import { App, type Context, type CookieOptions, createHttpError, HttpError, type Middleware } from '@ebbjs/core'
import { Router } from '@ebbjs/router'
import { gracefulShutdown } from '@ebbjs/shutdown'

const app = new App({ keys: ['secret'] })
const router = new Router()
const options: CookieOptions = { maxAge: 60_000, sameSite: 'lax' }

const named: Middleware<{ user: string }> = async (ctx, next) => {
  ctx.state.user = ctx.cookies.get('user', { signed: true }) ?? 'nobody'
  await next()
}

app.use(async (ctx: Context, next) => {
  try {
    await next()
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    ctx.status = error.status
    ctx.body = { message: error.expose ? error.message : 'failed', headers: error.headers }
  }
})
const typed = app.use(named)
typed.use((ctx, next) => {
  ctx.cookies.set('user', ctx.state.user.toLowerCase(), options)
  return next()
})
router.get('/orders/:id', (ctx) => {
  const id: string = ctx.params.id
  const language = ctx.accept.languages('en', 'de')
  if (ctx.accepts('json') === false) ctx.throw(406, 'JSON only', { language })
  if (id === '0') throw new createHttpError.NotFound('no such order')
  ctx.body = { id }
})
// @ts-expect-error -- the path has no such param
router.get('/orders/:id', (ctx) => ctx.params.name.length)
app.use(router.routes()).use(router.allowedMethods())
gracefulShutdown(app, { timeout: 10_000 })
app.listen(0)
