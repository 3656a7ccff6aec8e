import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import { type AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { App, ClientGoneError, type Context, DeadlineError, ShutdownError } from '@ebbjs/core'
import { ask, Client, gate, GET, serve } from './harness'

/** An app whose handler waits, and the context of its first request. */
async function waiting(client: (port: number) => void, app = new App()): Promise<{ app: App; ctx: Context; release: () => void; errors: unknown[] }> {
  const handler = gate()
  const errors: unknown[] = []
  app.on('error', (error) => errors.push(error))
  app.use(async (ctx) => {
    await handler.promise
    ctx.body = 'done'
  })
  const port = await serve(app)
  const [server] = [...app.servers]
  client(port)
  await once(server!, 'request')
  return { app, ctx: [...app.inflight][0]!, release: () => handler.open(), errors }
}

describe('ctx.signal', () => {
  it('aborts with a ClientGoneError when the client leaves', async () => {
    let client!: Client
    const { ctx, release, errors } = await waiting((port) => (client = new Client(port).send(GET)))
    expect(ctx.signal.aborted).to.equal(false)
    const aborted = once(ctx.signal, 'abort')
    client.socket.destroy()
    await aborted
    expect(ctx.signal.reason).to.be.instanceOf(ClientGoneError).and.to.include({ code: 'EBB_CLIENT_GONE', name: 'AbortError' })
    release()
    await ctx.app.idle()
    expect(errors).to.deep.equal([])
  })

  it('aborts when the client resets the connection in the middle of a large body', async () => {
    const app = new App()
    let signal!: AbortSignal
    app.use((ctx) => {
      signal = ctx.signal
      ctx.body = Buffer.alloc(20_000_000)
    })
    const client = new Client(await serve(app)).send(GET)
    await client.sees('HTTP/1.1 200')
    client.socket.resetAndDestroy()
    await app.idle()
    expect(signal.reason).to.be.instanceOf(ClientGoneError)
  })

  it('is aborted on its first read if the client has left before', async () => {
    let client!: Client
    const { ctx, release } = await waiting((port) => (client = new Client(port).send(GET)))
    client.socket.destroy()
    await once(ctx.res, 'close')
    expect(ctx.signal.aborted).to.equal(true)
    expect(ctx.signal.reason).to.be.instanceOf(ClientGoneError)
    release()
  })

  it('aborts for a client that left before the app was asked, and the request does not stay in flight', async () => {
    const app = new App()
    const handler = gate<Context>()
    app.use(async (ctx) => {
      handler.open(ctx)
      await new Promise(setImmediate)
      ctx.body = 'nobody reads it'
    })
    const answer = app.callback()
    const server = http.createServer((req, res) => {
      res.once('close', () => void answer(req, res))
      client.socket.destroy()
    })
    const client = new Client(await serve(app, server.listen(0))).send(GET)
    const ctx = await handler.promise
    await app.idle()
    expect(ctx.signal.reason).to.be.instanceOf(ClientGoneError)
  })

  it('aborts for an HTTP/2 client that left before the app was asked, and the request does not stay in flight', async () => {
    const app = new App()
    const handler = gate<Context>()
    app.use(async (ctx) => {
      handler.open(ctx)
      await new Promise(setImmediate)
      ctx.body = 'nobody reads it'
    })
    const answer = app.callback()
    const server = http2.createServer((req, res) => {
      res.once('close', () => void answer(req, res))
      stream.close(http2.constants.NGHTTP2_CANCEL)
    }).listen(0)
    await once(server, 'listening')
    const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const stream = session.request()
    const ctx = await handler.promise
    await app.idle()
    expect(ctx.signal.reason).to.be.instanceOf(ClientGoneError)
    session.close()
    server.close()
    await once(session, 'close')
  })

  it('is one signal, also through Object.create(ctx) and a Proxy', async () => {
    let answer!: Promise<unknown>
    const { ctx, release } = await waiting((port) => (answer = ask(port)))
    expect(ctx.signal).to.equal(ctx.signal)
    expect((Object.create(ctx) as Context).signal).to.equal(ctx.signal)
    expect(new Proxy(ctx, {}).signal).to.equal(ctx.signal)
    expect(new Proxy(ctx, {}).stopping).to.equal((Object.create(ctx) as Context).stopping)
    release()
    await answer
  })

  it('can be replaced by old middleware that assigns a member of that name', async () => {
    const app = new App()
    app.use((ctx) => {
      for (const name of ['signal', 'stopping', 'deadline', 'startedAt', 'phase']) {
        (ctx as unknown as Record<string, unknown>)[name] = 'mine'
      }
      ctx.body = [ctx.signal, ctx.stopping, ctx.deadline, ctx.startedAt, ctx.phase]
    })
    expect(JSON.parse((await ask(await serve(app))).body)).to.deep.equal(Array(5).fill('mine'))
  })

  it('does not abort after a complete GET, nor for the next request on its connection', async () => {
    const app = new App()
    const signals: AbortSignal[] = []
    app.use((ctx) => {
      signals.push(ctx.signal)
      ctx.body = 'ok!'
    })
    const client = new Client(await serve(app)).send(GET)
    await client.sees('ok!')
    client.send(GET)
    await client.sees('ok!', 2)
    await app.idle()
    client.socket.destroy()
    await once([...app.connections][0]!, 'close')
    expect(signals.map((signal) => signal.aborted)).to.deep.equal([false, false])
  })

  it('does not abort because a POST body was read to its end, and does when the client vanishes after that', async () => {
    const app = new App()
    const read = gate<Context>()
    const handler = gate()
    app.use(async (ctx) => {
      await once(ctx.req.resume(), 'end')
      await new Promise(setImmediate)
      read.open(ctx)
      await handler.promise
    })
    const client = new Client(await serve(app)).send('POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 3\r\n\r\nabc')
    const ctx = await read.promise
    expect(ctx.signal.aborted).to.equal(false)
    const aborted = once(ctx.signal, 'abort')
    client.socket.destroy()
    await aborted
    expect(ctx.signal.reason).to.be.instanceOf(ClientGoneError)
    handler.open()
  })
})

describe('ctx.abort', () => {
  it('fires the signal with the reason given, and only that', async () => {
    let answer!: ReturnType<typeof ask>
    const { ctx, release } = await waiting((port) => (answer = ask(port)))
    const reason = new Error('enough')
    ctx.abort(reason)
    ctx.abort(new Error('the first counts'))
    expect(ctx.signal.reason).to.equal(reason)
    expect(ctx.res.writableEnded).to.equal(false)
    release()
    expect(await answer).to.include({ status: 200, body: 'done' })
  })

  it('has the one ShutdownError of the stop as its reason by default', async () => {
    let answer!: ReturnType<typeof ask>
    const { app, ctx, release } = await waiting((port) => (answer = ask(port)))
    const reason = app.beginStop({ cause: 'SIGTERM' })
    ctx.abort()
    expect(ctx.signal.reason).to.equal(reason).and.to.equal(ctx.stopping.reason)
    release()
    expect((await answer).body).to.equal('done')
  })

  for (const [how, work] of Object.entries<(ctx: Context) => Promise<unknown>>({
    'the reason itself': (ctx) => new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error))),
    'timers/promises': (ctx) => wait(60_000, undefined, { signal: ctx.signal }),
    'events.once': (ctx) => once(ctx.app, 'never', { signal: ctx.signal }),
    'stream pipeline': (ctx) => pipeline(forever, new Writable({ write: (_c, _e, done) => done() }), { signal: ctx.signal }),
    'an error caused by it': (ctx) => wait(60_000, undefined, { signal: ctx.signal }).catch((error: Error) => { throw new Error('query failed', { cause: error.cause }) }),
  })) {
    it(`answers 503 and emits no error when a handler rejects with ${how}`, async () => {
      const app = new App()
      const errors: unknown[] = []
      app.on('error', (error) => errors.push(error))
      app.use(async (ctx) => {
        ctx.set('X-Dropped', 'yes')
        await work(ctx)
      })
      const port = await serve(app)
      const answer = ask(port)
      await once([...app.servers][0]!, 'request')
      await new Promise(setImmediate)
      app.beginStop({ cause: 'SIGTERM' })
      for (const ctx of app.inflight) ctx.abort()
      const { status, headers, body } = await answer
      expect(status).to.equal(503)
      expect(headers).to.include({ connection: 'close', 'retry-after': '1', 'content-type': 'application/problem+json' })
      expect(headers).not.to.have.property('x-dropped')
      expect(JSON.parse(body)).to.deep.equal({ type: 'about:blank', title: 'Service Unavailable', status: 503, detail: 'The server is stopping (SIGTERM)' })
      expect(errors).to.deep.equal([])
    })
  }

  async function* forever() {
    for (;;) {
      await new Promise(setImmediate)
      yield 'x'
    }
  }
})

describe('ctx.stopping', () => {
  it('aborts over the spread of beginStop for requests that watch it, in the order of their arrival', async () => {
    const app = new App()
    const told: string[] = []
    const here = [gate(), gate(), gate()]
    app.use(async (ctx) => {
      const { stopping } = ctx
      here[Number(ctx.path.slice(1))]!.open()
      await once(stopping, 'abort')
      told.push(ctx.path)
      ctx.body = 'bye'
    })
    const port = await serve(app)
    const answers: Promise<unknown>[] = []
    for (const [index, { promise }] of here.entries()) {
      answers.push(ask(port, { path: `/${index}` }))
      await promise
    }
    app.beginStop({ cause: 'SIGTERM', spread: 60 })
    const atOnce = [...app.inflight].filter((ctx) => ctx.stopping.aborted).length
    await Promise.all(answers)
    expect({ atOnce, told }).to.deep.equal({ atOnce: 1, told: ['/0', '/1', '/2'] })
  })

  it('aborts with beginStop, now and for requests that arrive later; ctx.signal does not', async () => {
    const app = new App()
    const handler = gate()
    const contexts: Context[] = []
    app.use(async (ctx) => {
      contexts.push(ctx)
      await handler.promise
      ctx.body = String(ctx.stopping.aborted)
    })
    const client = new Client(await serve(app)).send(GET)
    await once([...app.servers][0]!, 'request')
    const [ctx] = contexts
    const aborted = once(ctx!.stopping, 'abort')
    const error = app.beginStop({ cause: 'SIGTERM' })
    await aborted
    expect(error).to.be.instanceOf(ShutdownError).and.to.include({ code: 'EBB_SHUTDOWN', name: 'AbortError', status: 503, cause: 'SIGTERM' })
    handler.open()
    await client.sees('true')
    client.send(GET)
    await client.sees('true', 2)
    expect(contexts.map(({ stopping }) => stopping.reason as unknown)).to.deep.equal([error, error])
    expect(contexts.map(({ signal }) => signal.aborted)).to.deep.equal([false, false])
  })
})

describe('ctx.timeout and ctx.deadline', () => {
  it('answers 503 at the deadline, and aborts the signal with a DeadlineError', async () => {
    const app = new App({ timeout: 1 })
    const seen = gate<unknown>()
    const errors: unknown[] = []
    app.on('error', (error) => errors.push(error))
    const handler = gate()
    app.use(async (ctx) => {
      ctx.signal.addEventListener('abort', () => seen.open(ctx.signal.reason))
      await handler.promise
      ctx.body = 'too late'
    })
    const { status, headers, body } = await ask(await serve(app))
    expect(status).to.equal(503)
    expect(headers).to.include({ connection: 'close', 'retry-after': '1' })
    expect(JSON.parse(body)).to.include({ detail: 'The request was not answered within 1 ms' })
    expect(await seen.promise).to.be.instanceOf(DeadlineError).and.to.include({ code: 'EBB_DEADLINE', name: 'TimeoutError', status: 503 })
    expect(app.inflight.size).to.equal(1)
    handler.open()
    await app.idle()
    expect(errors).to.deep.equal([])
  })

  it('lets a handler that listens to its signal answer first', async () => {
    const app = new App()
    app.use(async (ctx) => {
      ctx.timeout(1)
      await once(ctx.signal, 'abort')
      ctx.status = 504
      ctx.body = 'my own words'
    })
    expect(await ask(await serve(app))).to.include({ status: 504, body: 'my own words' })
  })

  it('extends and clears it at run time', async () => {
    const app = new App({ timeout: 1 })
    app.use(async (ctx) => {
      ctx.timeout(60_000)
      const extended = ctx.deadline! - Date.now()
      ctx.timeout(Infinity)
      ctx.body = { extended: extended > 50_000, cleared: ctx.deadline === undefined, aborted: ctx.signal.aborted }
    })
    expect(JSON.parse((await ask(await serve(app))).body)).to.deep.equal({ extended: true, cleared: true, aborted: false })
  })

  it('refuses what is no time, naming value and rule', async () => {
    const app = new App()
    const messages: string[] = []
    app.use((ctx) => {
      for (const ms of [-1, NaN, '5' as never]) {
        try { ctx.timeout(ms) } catch (error) { messages.push(String(error)) }
      }
      ctx.body = 'ok'
    })
    await ask(await serve(app))
    expect(messages[0]).to.equal('RangeError: Cannot give a request the timeout -1: it must be a number of ms, 0 or more, or Infinity')
    expect(messages).to.have.length(3)
  })

  it('is clamped to the moment of the abort while the server stops', async () => {
    let answer!: Promise<unknown>
    const { app, ctx, release } = await waiting((port) => (answer = ask(port)))
    expect(ctx.deadline).to.equal(undefined)
    const abortAt = Date.now() + 5000
    app.beginStop({ cause: 'SIGTERM', abortAt })
    expect(ctx.deadline).to.equal(abortAt)
    ctx.timeout(60_000)
    expect(ctx.deadline).to.equal(abortAt)
    ctx.timeout(1000)
    expect(ctx.deadline).to.be.lessThan(abortAt)
    release()
    await answer
  })
})

describe('a wall clock that is set', () => {
  const { now } = Date
  const { setTimeout: real } = globalThis
  afterEach(() => {
    Date.now = now
    globalThis.setTimeout = real
  })

  for (const [direction, jump] of [['forward', 3_600_000], ['back', -3_600_000]] as const) {
    it(`${direction} neither silences a deadline in the stop nor moves what is left of it`, async () => {
      const app = new App()
      const seen = gate<Context>()
      app.use(async (ctx) => {
        ctx.timeout(300)
        seen.open(ctx)
        await once(ctx.signal, 'abort')
        throw ctx.signal.reason
      })
      const answer = ask(await serve(app))
      const ctx = await seen.promise
      app.beginStop({ cause: 'SIGTERM', abortAt: Date.now() + 60_000 })
      Date.now = () => now() + jump
      expect(ctx.deadline! - Date.now()).to.be.within(-100, 301)
      const { status, body } = await answer
      expect({ status, detail: (JSON.parse(body) as { detail: string }).detail }).to.deep.equal({ status: 503, detail: 'The request was not answered within 300 ms' })
    })

    it(`${direction} does not move the moment of the abort`, async () => {
      let answer!: Promise<unknown>
      const { app, ctx, release } = await waiting((port) => (answer = ask(port)))
      app.beginStop({ cause: 'SIGTERM', abortAt: Date.now() + 5_000 })
      Date.now = () => now() + jump
      expect(ctx.deadline! - Date.now()).to.be.within(0, 5_001)
      ctx.timeout(60_000)
      expect(ctx.deadline! - Date.now()).to.be.within(0, 5_001)
      ctx.timeout(1)
      expect(ctx.deadline! - Date.now()).to.be.below(2)
      ctx.timeout(Infinity)
      release()
      await answer
    })
  }

  it('and timers that stand still keep nobody from being told of the stop', async () => {
    const app = new App()
    const here = [gate(), gate()]
    app.use(async (ctx) => {
      const { stopping } = ctx
      here[Number(ctx.path.slice(1))]!.open()
      await once(stopping, 'abort')
      ctx.body = 'bye'
    })
    const port = await serve(app)
    const answers = ['/0', '/1'].map((path) => ask(port, { path }))
    await Promise.all(here.map(({ promise }) => promise))
    globalThis.setTimeout = (() => ({})) as never
    app.beginStop({ cause: 'SIGTERM', spread: 20 })
    for (const { body } of await Promise.all(answers)) expect(body).to.equal('bye')
  })
})

describe('a refused pipeline', () => {
  it('is answered 503 request by request; only the last says close', async () => {
    const app = new App()
    app.use((ctx) => once(ctx.signal, 'abort').then(() => { throw ctx.signal.reason }))
    const client = new Client(await serve(app)).send(GET.repeat(3))
    while (app.inflight.size < 3) await new Promise(setImmediate)
    await new Promise(setImmediate)
    app.beginStop({ cause: 'SIGTERM' })
    for (const ctx of app.inflight) ctx.abort()
    const text = await client.all()
    expect(text.match(/HTTP\/1.1 503/g)).to.have.length(3)
    expect(text.match(/Connection: [a-z-]+/g)).to.deep.equal(['Connection: keep-alive', 'Connection: keep-alive', 'Connection: close'])
  })
})

describe('app.beginStop', () => {
  it('counts once: a second call returns the same error', () => {
    const app = new App()
    expect(app.beginStop({ cause: 'SIGTERM' })).to.equal(app.beginStop({ cause: 'SIGINT' }))
  })

  it('lets listen listen no more', () => {
    const app = new App()
    app.beginStop({ cause: 'SIGTERM' })
    expect(app.listen(0).listening).to.equal(false)
  })

  it('answers 503 what admit refuses, before any middleware', async () => {
    const app = new App()
    const ran: string[] = []
    app.use((ctx) => {
      ran.push(ctx.path)
      ctx.body = 'served'
    })
    const port = await serve(app)
    app.beginStop({ cause: 'SIGTERM', admit: (ctx) => ctx.path === '/livez' })
    expect((await ask(port, { path: '/livez' })).body).to.equal('served')
    const { status, headers, body } = await ask(port, { path: '/orders' })
    expect(status).to.equal(503)
    expect(headers).to.include({ connection: 'close', 'retry-after': '1', 'content-type': 'application/problem+json' })
    expect(JSON.parse(body)).to.include({ status: 503, detail: 'The server is stopping (SIGTERM)' })
    expect(ran).to.deep.equal(['/livez'])
  })

  it('answers 500 where admit throws, and reports it', async () => {
    const app = new App()
    const failed = once(app, 'error')
    app.use((ctx) => { ctx.body = 'served' })
    const port = await serve(app)
    app.beginStop({ cause: 'SIGTERM', admit: () => { throw new Error('no policy') } })
    expect((await ask(port)).status).to.equal(500)
    expect(((await failed) as [Error])[0].message).to.equal('no policy')
    await app.idle()
  })
})
