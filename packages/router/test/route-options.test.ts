import { once } from 'node:events'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { Router } from '../src'
import { serve } from './serve'

describe('route options', () => {
  it('stop is ctx.stopPolicy from the match on, before any middleware of the router', async () => {
    const router = new Router()
    const seen: unknown[] = []
    router.use((ctx, next) => {
      seen.push(ctx.stopPolicy)
      return next()
    })
    router.get('/health', { stop: 'serve' }, () => {}).get('/events', { stop: 'end' }, () => {}).get('/plain', () => {})
    await serve(new App().use(router.routes()), async (ask) => {
      for (const path of ['/health', '/events', '/plain']) await ask('GET', path)
    })
    expect(seen).to.deep.equal(['serve', 'end', undefined])
  })

  it('of several routes the first that has an option says it', async () => {
    const router = new Router()
    router.get('/:any', () => {}).get('/health', { stop: 'serve' }, () => {}).get('/*rest', { stop: 'end' }, () => {})
    const seen: unknown[] = []
    const app = new App()
    app.use(async (ctx, next) => {
      await next()
      seen.push((ctx as { stopPolicy?: string }).stopPolicy)
    })
    await serve(app.use(router.routes()), (ask) => ask('GET', '/health'))
    expect(seen).to.deep.equal(['serve'])
  })

  it('timeout is the deadline of the request', async () => {
    const router = new Router()
    router.get('/slow', { timeout: 5 }, async (ctx) => {
      await once(ctx.signal, 'abort')
      ctx.signal.throwIfAborted()
    })
    await serve(new App().use(router.routes()), async (ask) => {
      expect((await ask('GET', '/slow')).status).to.equal(503)
    })
  })

  it('come behind a name, and are kept under a mount', () => {
    const child = new Router()
    child.get('events', '/events', { stop: 'end', timeout: 100 }, () => {})
    const router = new Router()
    router.use('/v1', child.routes())
    expect(router.find('GET', '/v1/events')?.route.opts).to.deep.include({ stop: 'end', timeout: 100, name: 'events' })
  })

  for (const [options, type, message] of [
    [{ stop: 'never' }, TypeError, "Cannot add route /a with stop 'never': it must be 'end', 'finish' or 'serve'"],
    [{ timeout: 0 }, RangeError, 'Cannot add route /a with timeout 0: it must be a number of ms above 0'],
    [{ timeout: '5' }, RangeError, "Cannot add route /a with timeout '5': it must be a number of ms above 0"],
    [{ stopp: 'end' }, TypeError, 'get `/a`: `middleware` must be a function, not `object`'],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      expect(() => new Router().get('/a', options as never, () => {})).to.throw(type, message)
    })
  }
})
