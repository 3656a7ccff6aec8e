import { once } from 'node:events'
import { expect } from 'chai'
import { App, type Context } from '@ebbjs/core'
import { ask, Client, collectGarbage, gate, GET, serve } from './harness'

describe('app.inflight', () => {
  it('holds a request from its head until handler and response are done, and says which it waits for', async () => {
    const app = new App()
    const handler = gate()
    app.use(async (ctx) => {
      ctx.body = 'x'.repeat(8_000_000) // more than the socket's buffers take
      await handler.promise
    })
    const before = Date.now()
    const client = new Client(await serve(app)).send(GET)
    await once([...app.servers][0]!, 'request')
    const [ctx] = app.inflight as Set<Context>
    expect(ctx!.phase).to.equal('handler')
    expect(ctx!.startedAt).to.be.within(before, Date.now())
    client.socket.pause()
    handler.open()
    await once(ctx!.res, 'prefinish')
    await new Promise(setImmediate)
    expect(ctx!.phase).to.equal('response')
    expect(app.inflight.size).to.equal(1)
    client.socket.resume()
    await app.idle()
  })

  it('holds a handler whose client left: its database must not be closed under it', async () => {
    const app = new App()
    const handler = gate()
    app.use(() => handler.promise)
    const client = new Client(await serve(app)).send(GET)
    await once([...app.servers][0]!, 'request')
    const [ctx] = app.inflight
    client.socket.destroy()
    await once(ctx!.res, 'close')
    expect(ctx!.phase).to.equal('handler')
    expect(app.inflight.size).to.equal(1)
    handler.open()
    await app.idle()
  })

  it('holds an open response whose handler is done (ctx.respond = false)', async () => {
    const app = new App()
    app.use((ctx) => { ctx.respond = false })
    const client = new Client(await serve(app)).send(GET)
    await once([...app.servers][0]!, 'request')
    await new Promise(setImmediate)
    const [ctx] = app.inflight
    expect(ctx!.phase).to.equal('response')
    ctx!.res.end('by hand')
    await client.sees('by hand')
    await app.idle()
  })

  it('is empty after each kind of answer', async () => {
    const app = new App()
    app.silent = true
    app.use((ctx) => {
      if (ctx.path === '/throw') throw new Error('x')
      if (ctx.path === '/204') ctx.status = 204
      if (ctx.path === '/json') ctx.body = {}
    })
    const port = await serve(app)
    for (const path of ['/throw', '/204', '/json', '/404']) await ask(port, { path })
    await ask(port, { method: 'HEAD' })
    await app.idle()
    expect(app.inflight.size).to.equal(0)
  })

  it('counts each request of a pipeline, and loses none when its socket closes', async () => {
    const app = new App()
    const handlers = gate()
    const reasons: unknown[] = []
    app.use(async (ctx) => {
      ctx.signal.addEventListener('abort', () => reasons.push((ctx.signal.reason as { code: string }).code))
      await handlers.promise
      ctx.body = ctx.path
    })
    const client = new Client(await serve(app)).send(GET.repeat(3))
    const [server] = [...app.servers]
    await once(server!, 'request')
    while (app.inflight.size < 3) await once(server!, 'request')
    const closed = [...app.connections].map((socket) => once(socket, 'close'))
    client.socket.destroy()
    await Promise.all(closed)
    expect(reasons).to.deep.equal(Array(3).fill('EBB_CLIENT_GONE'))
    handlers.open()
    await app.idle()
  })
})

describe('a handler that nobody can end', () => {
  // koa-connect's promise never settles when the middleware it wraps answers by itself.
  it('is forgotten once its response is closed and its promise is garbage', async () => {
    const app = new App()
    app.use((ctx) => {
      ctx.res.end('by hand')
      return new Promise(() => {})
    })
    await ask(await serve(app))
    const idle = app.idle()
    for (let turn = 0; turn < 50 && app.inflight.size > 0; turn++) {
      await new Promise(setImmediate)
      collectGarbage()
    }
    expect(app.inflight.size).to.equal(0)
    await idle
  })

  it('stays in flight while something can still end it', async () => {
    const app = new App()
    const work = gate()
    app.use(async (ctx) => {
      ctx.res.end('by hand')
      await work.promise
    })
    await ask(await serve(app))
    for (let turn = 0; turn < 5; turn++) {
      await new Promise(setImmediate)
      collectGarbage()
    }
    expect(app.inflight.size).to.equal(1)
    work.open()
    await app.idle()
  })
})

describe('ctx.waitUntil', () => {
  it('keeps a request in flight after its response, in the background', async () => {
    const app = new App()
    const work = gate()
    let closed: Promise<unknown> | undefined
    app.use((ctx) => {
      closed = once(ctx.res, 'close')
      ctx.waitUntil(work.promise)
      ctx.body = 'ok'
    })
    expect((await ask(await serve(app))).body).to.equal('ok')
    await closed
    const [ctx] = app.inflight
    expect(app.inflight.size).to.equal(1)
    expect(ctx!.phase).to.equal('background')
    work.open()
    await app.idle()
  })

  it('reports a failure through error, and does not hold the request for it', async () => {
    const app = new App()
    const failed = once(app, 'error')
    app.use((ctx) => {
      ctx.waitUntil(Promise.reject(new Error('mail not sent')))
      ctx.body = 'ok'
    })
    expect((await ask(await serve(app))).status).to.equal(200)
    const [error, ctx] = (await failed) as [Error, Context]
    expect(error.message).to.equal('mail not sent')
    expect(ctx.path).to.equal('/')
    await app.idle()
  })

  it('can be called by work that runs in the background', async () => {
    const app = new App()
    const [first, second] = [gate(), gate()]
    app.use((ctx) => {
      ctx.waitUntil(first.promise.then(() => ctx.waitUntil(second.promise)))
      ctx.body = 'ok'
    })
    await ask(await serve(app))
    first.open()
    await new Promise(setImmediate)
    expect(app.inflight.size).to.equal(1)
    second.open()
    await app.idle()
  })
})
