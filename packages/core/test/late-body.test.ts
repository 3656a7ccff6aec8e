import { once } from 'node:events'
import { expect } from 'chai'
import { App, type Middleware } from '@ebbjs/core'
import { describeLateBody } from '../src/late-body'
import { gate } from './harness'

const forgetful: Middleware = (_ctx, next) => {
  next() // eslint-disable-line @typescript-eslint/no-floating-promises
}

describe('a body that is set after the response was sent', () => {
  // Koa: the client gets 404, and nobody says why.
  it('is warned of once, naming the middleware that does not await next()', async () => {
    const app = new App()
    const late = gate()
    app.use(forgetful)
    app.use(async (ctx) => {
      await late.promise
      ctx.body = 'lost'
      ctx.body = 'again'
    })
    const warned = once(process, 'warning')
    expect((await app.inject()).status).to.equal(404)
    late.open()
    const [warning] = (await warned) as [Error & { code: string }]
    expect(warning).to.include({ name: 'EbbWarning', code: 'EBB_LATE_BODY' })
    expect(warning.message).to.equal('ctx.body was set after the response was sent, and is lost: middleware forgetful calls next() without await')
    let again = 0
    const count = () => void again++
    process.on('warning', count)
    await app.inject()
    await new Promise(setImmediate)
    process.off('warning', count)
    expect(again).to.equal(0)
  })

  it('is not warned of when the response was answered by hand, or its deadline has passed', async () => {
    const app = new App({ timeout: 1 })
    let warned = 0
    const count = () => void warned++
    process.on('warning', count)
    app.use(async (ctx) => {
      if (ctx.path === '/hand') {
        ctx.respond = false
        ctx.res.end('by hand')
      } else await once(ctx.res, 'finish')
      ctx.body = 'late'
    })
    expect((await app.inject({ url: '/hand' })).text()).to.equal('by hand')
    expect((await app.inject()).status).to.equal(503)
    await app.idle()
    await new Promise(setImmediate)
    process.off('warning', count)
    expect(warned).to.equal(0)
  })

  it('suspects only calls that nothing waits for', () => {
    const good: Middleware[] = [
      async (_c, next) => { await next() },
      (_c, next) => next(),
      (_c, next) => { return next() },
      (_c, next) => { next().catch(() => {}) },
      async (_c, next) => { const done = next(); await done },
    ]
    expect(describeLateBody(good)).to.contain('a middleware calls')
    expect(describeLateBody([...good, forgetful])).to.contain('middleware forgetful calls')
  })
})
