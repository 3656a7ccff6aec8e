import { once } from 'node:events'
import { inspect } from 'node:util'
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

describe('a response that waits behind another one of its connection', () => {
  it("is told by 'close' that the connection is gone, once, and drops what is written then", async () => {
    const app = new App()
    const handlers = gate()
    const closed: string[] = []
    const contexts: Context[] = []
    app.use(async (ctx) => {
      contexts.push(ctx)
      ctx.res.on('close', () => closed.push(ctx.path))
      await handlers.promise
    })
    const client = new Client(await serve(app)).send(['/0', '/1', '/2'].map((path) => GET.replace('/', path)).join(''))
    const [server] = app.servers
    while (app.inflight.size < 3) await once(server!, 'request')
    const told = Promise.all(contexts.map(({ res }) => once(res, 'close')))
    client.socket.destroy()
    await told
    await new Promise(setImmediate)
    expect(closed.sort()).to.deep.equal(['/0', '/1', '/2'])
    for (const { res } of contexts) {
      res.write('x'.repeat(100_000))
      expect(res.writableLength).to.equal(0)
    }
    handlers.open()
    await app.idle()
  })
})

describe('app.inflight reads like a Set', () => {
  /** An app with `count` requests in flight, in the order of their arrival. */
  async function holding(count: number): Promise<{ app: App; contexts: Context[]; end: (index: number) => Promise<void> }> {
    const app = new App()
    const handlers: (() => void)[] = []
    const contexts: Context[] = []
    app.use((ctx) => {
      const handler = gate()
      contexts.push(ctx)
      handlers.push(handler.open)
      return handler.promise
    })
    const port = await serve(app)
    for (let index = 0; index < count; index++) {
      new Client(port).send(GET)
      await once([...app.servers][0]!, 'request')
    }
    const end = async (index: number) => {
      const closed = once(contexts[index]!.res, 'close')
      handlers[index]!()
      await closed
    }
    return { app, contexts, end }
  }

  it('in size, order, keys, values, entries, forEach and has', async () => {
    const { app: { inflight }, contexts, end } = await holding(3)
    expect(inflight).to.be.instanceOf(Set)
    expect(inflight.size).to.equal(3)
    expect([...inflight]).to.deep.equal(contexts)
    expect([...inflight.keys()]).to.deep.equal(contexts)
    expect([...inflight.values()]).to.deep.equal(contexts)
    expect([...inflight.entries()].every(([key, value], index) => key === contexts[index] && value === key)).to.equal(true)
    const told: unknown[] = []
    inflight.forEach(function (this: unknown, ctx, again, set) { told.push(this, ctx === again, set === inflight) }, 'me')
    expect(told).to.deep.equal(Array(3).fill(['me', true, true]).flat())
    expect(contexts.map((ctx) => inflight.has(ctx))).to.deep.equal([true, true, true])
    for (const index of [1, 0, 2]) {
      await end(index)
      expect(inflight.has(contexts[index]!)).to.equal(false)
    }
    expect([...inflight]).to.deep.equal([])
  })

  it('has nothing but its own contexts: no stranger, no wrapper, none of another app', async () => {
    const { app: { inflight }, contexts: [ctx], end } = await holding(1)
    const other = await holding(1)
    for (const stranger of [null, undefined, 1, {}, Object.create(ctx!), new Proxy(ctx!, {}), other.contexts[0]]) {
      expect(inflight.has(stranger as Context)).to.equal(false)
    }
    await end(0)
    await other.end(0)
  })

  it('is walked while requests end: those that have ended are passed over', async () => {
    const { app: { inflight }, contexts, end } = await holding(4)
    const met: number[] = []
    for (const ctx of inflight) {
      met.push(contexts.indexOf(ctx))
      if (met.length === 1) for (const index of [0, 1, 3]) await end(index)
    }
    expect(met).to.deep.equal([0, 2])
    await end(2)
  })

  it('can be compared with other sets, and shown', async () => {
    const { app: { inflight }, contexts, end } = await holding(2)
    expect(inspect(inflight)).to.match(/^Set\(2\) \{/)
    const first = new Set([contexts[0]!])
    type Comparable = Set<Context> & Record<'union' | 'difference', (other: unknown) => Set<Context>>
    if ('union' in Set.prototype) { // Node 22
      expect([...(inflight as Comparable).difference(first)]).to.deep.equal([contexts[1]])
      expect([...(first as Comparable).union(inflight)]).to.deep.equal(contexts)
    }
    for (const index of [0, 1]) await end(index)
  })
})

describe('a handler that nobody can end', () => {
  // koa-connect's promise never settles when the middleware it wraps answers by itself, and Express leaves what would
  // settle it on the request.
  for (const [where, keep] of Object.entries({ nowhere: () => {}, 'on its request': (ctx: Context, end: () => void) => Object.assign(ctx.req, { next: end }) })) {
    it(`is forgotten as garbage once its response is closed, if what would end it is ${where}`, async () => {
      const app = new App()
      app.use((ctx) => new Promise<void>((resolve) => {
        keep(ctx, resolve)
        ctx.res.end('by hand')
      }))
      await forgotten(app)
    })
  }

  async function forgotten(app: App): Promise<void> {
    await ask(await serve(app))
    const idle = app.idle()
    for (let turn = 0; turn < 50 && app.inflight.size > 0; turn++) {
      await new Promise(setImmediate)
      collectGarbage()
    }
    expect(app.inflight.size).to.equal(0)
    await idle
  }

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
