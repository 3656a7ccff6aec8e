import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { App, type Context, type Middleware } from '@ebbjs/core'
import { expect } from 'chai'
import { Gate, kinds, Service } from '../service'

describe('a stop that is watched', () => {
  afterEach(() => Service.stopAll())

  it('publishes each phase, and the report, to @ebbjs/shutdown:phase', async () => {
    const events: { phase: string; reason: string }[] = []
    const watch = (message: unknown) => events.push(message as { phase: string; reason: string })
    const service = await Service.start((ctx) => (ctx.body = 'ok'))
    subscribe('@ebbjs/shutdown:phase', watch)
    const report = await service.shutdown.stop('SIGTERM')
    unsubscribe('@ebbjs/shutdown:phase', watch)
    expect(events.map(({ phase }) => phase)).to.deep.equal(['announce', 'lameDuck', 'drain', 'abort', 'cut', 'cleanup', 'report'])
    expect(events.every(({ reason }) => reason === 'SIGTERM')).to.equal(true)
    expect(events.at(-1)).to.deep.include({ report })
  })

  it('shows what is in flight as a table', async () => {
    const [entered, gate] = [new Gate(), new Gate()]
    const service = await Service.start(async (ctx) => {
      Object.assign(ctx, { _matchedRoute: '/reports/:id' }) // as a router does
      entered.open()
      await gate.opened
      ctx.body = 'ok'
    })
    const client = (await service.connect()).get('/reports/7?key=secret')
    await entered.opened
    const table = service.shutdown.inflight()
    expect(table).to.have.length(1)
    expect(table[0]).to.deep.include({ method: 'GET', path: '/reports/7', route: '/reports/:id', phase: 'handler' })
    expect(table[0]?.age).to.be.within(0, 5_000)
    gate.open()
    await client.answer()
  })

  it('writes one line a phase to the logger, and the report', async () => {
    const { shutdown, lines } = await Service.start((ctx) => (ctx.body = 'ok'))
    await shutdown.stop('SIGTERM')
    expect(lines.map((line) => line.replaceAll(/\d+/g, 'n'))).to.deep.equal([
      '[shutdown] SIGTERM: stopping within n ms; n requests in flight',
      '[shutdown] requests finished n, aborted n, cut n; connections idle n, drained n, destroyed n',
      '[shutdown] stopped in n ms, clean, exit code n',
    ])
  })

  it('is planned: the timeline, and warnings', async () => {
    const { shutdown, lines } = await Service.start((ctx) => (ctx.body = 'ok'), { timeout: 40_000, delay: 10_000 })
    const { timeline, warnings } = shutdown.plan({ terminationGracePeriodSeconds: 30 })
    expect(timeline.map(({ phase, from, until }) => [phase, from, until])).to.deep.equal([
      ['announce', 0, 0],
      ['lameDuck', 0, 10_000],
      ['drain', 10_000, 25_000],
      ['abort', 25_000, 34_000],
      ['cut', 34_000, 34_000],
      ['cleanup', 34_000, 40_000],
      ['exit', 40_000, 40_000],
    ])
    expect(warnings[0]).to.equal('timeout is 40000 ms: the process is killed before, by terminationGracePeriodSeconds, 30 s')
    expect(warnings).to.have.length(1)
    expect(lines).to.include('[shutdown] plan: drain from 10000 to 25000 ms')
  })
})

describe('a request that is left at the abort', () => {
  afterEach(() => Service.stopAll())

  /** A handler that waits for its signal, told when it is entered and when it is aborted. */
  function waits(policy?: 'end' | 'finish' | 'serve'): { middleware: Middleware; entered: Gate; aborted: Gate<{ ctx: Context; at: number }> } {
    const [entered, aborted] = [new Gate(), new Gate<{ ctx: Context; at: number }>()]
    const middleware: Middleware = async (ctx) => {
      if (policy !== undefined) Object.assign(ctx, { stopPolicy: policy }) // as a router does
      entered.open()
      if (!ctx.signal.aborted) await once(ctx.signal, 'abort')
      aborted.open({ ctx, at: performance.now() })
      ctx.body = 'partial result'
    }
    return { middleware, entered, aborted }
  }

  it('is told with a ShutdownError, and what it answers then is sent whole', async () => {
    const { middleware, entered, aborted } = waits()
    const service = await Service.start(middleware, { timeout: 4_000, abortAfter: 300 })
    const client = (await service.connect()).get('/')
    await entered.opened
    const begun = performance.now()
    const report = await service.shutdown.stop('SIGTERM')
    const { ctx, at } = await aborted.opened
    expect(at - begun).to.be.within(290, 2_000)
    expect(ctx.signal.reason).to.include({ name: 'AbortError', code: 'EBB_SHUTDOWN', message: 'The server is stopping (SIGTERM)' })
    const answer = await client.answer()
    expect([answer.status, answer.body, answer.headers['connection']]).to.deep.equal([200, 'partial result', 'close'])
    expect(report.requests).to.deep.equal({ finished: 0, aborted: 1, cut: 0 })
    expect(report).to.include({ clean: true, exitCode: 0 })
  })

  it('that rejects with its reason is answered 503', async () => {
    const entered = new Gate()
    const service = await Service.start(
      async (ctx) => {
        entered.open()
        await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error)))
      },
      { timeout: 4_000, abortAfter: 0 },
    )
    const client = (await service.connect()).get('/')
    await entered.opened
    const report = await service.shutdown.stop()
    const answer = await client.answer()
    expect(answer.status).to.equal(503)
    expect(answer.headers).to.include({ connection: 'close', 'retry-after': '1', 'content-type': 'application/problem+json' })
    expect(report.requests).to.deep.equal({ finished: 0, aborted: 1, cut: 0 })
    expect(report.clean).to.equal(true)
  })

  it("with the policy 'end' is told as soon as the drain begins", async () => {
    const { middleware, entered } = waits('end')
    const service = await Service.start(middleware, { timeout: 60_000 })
    const client = (await service.connect()).get('/')
    await entered.opened
    const report = await service.shutdown.stop()
    expect((await client.answer()).body).to.equal('partial result')
    expect(report.phases.drain).to.be.below(5_000)
    expect(report.requests.aborted).to.equal(1)
  })

  it("with the policy 'end' is told too when it arrives in the drain", async () => {
    const { middleware, aborted } = waits('end')
    const service = await Service.start(middleware, { timeout: 60_000 })
    const client = await service.connect()
    const stopped = service.shutdown.stop()
    await service.draining()
    client.get('/')
    await aborted.opened
    expect((await client.answer()).status).to.equal(200)
    await stopped
  })

  it("with the policy 'serve' is not told before the cut", async () => {
    const { middleware, entered } = waits('serve')
    const service = await Service.start(middleware, { timeout: 1_000, abortAfter: 100 })
    const client = (await service.connect()).get('/')
    await entered.opened
    const report = await service.shutdown.stop()
    expect((await client.answer()).status).to.equal(503)
    expect(report.requests).to.deep.equal({ finished: 0, aborted: 0, cut: 1 })
  })

  it('handlers are told before their connections are cut, and cut before the database closes under them', async () => {
    const order: string[] = []
    const entered = new Gate()
    const app = new App()
    app.use(async (ctx) => {
      ctx.signal.addEventListener('abort', () => order.push('told'))
      ctx.res.on('close', () => order.push('cut'))
      entered.open()
      await new Promise(() => {})
    })
    const service = await Service.of(app, app.listen(0, '127.0.0.1'), { timeout: 1_000 })
    service.shutdown.onCleanup('db', () => order.push('database closed'))
    ;(await service.connect()).get('/')
    await entered.opened
    await service.shutdown.stop()
    expect(order).to.deep.equal(['told', 'cut', 'database closed'])
  })

  it('leaves 1,000 requests aborted without a warning', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error) => warnings.push(warning)
    process.on('warning', warned)
    let entered = 0
    const all = new Gate()
    const app = new App()
    app.use(async (ctx) => {
      if (++entered === 1_000) all.open()
      await once(ctx.signal, 'abort')
      ctx.body = 'ok'
    })
    const service = await Service.of(app, app.listen(0, '127.0.0.1'), { timeout: 8_000, abortAfter: 0 })
    const clients = await Promise.all(Array.from({ length: 1_000 }, () => service.connect()))
    for (const client of clients) client.get('/')
    await all.opened
    const report = await service.shutdown.stop()
    await Promise.all(clients.map((client) => client.answer()))
    process.off('warning', warned)
    expect(report.requests).to.deep.equal({ finished: 0, aborted: 1_000, cut: 0 })
    expect(warnings).to.deep.equal([])
  })
})

describe('a request whose handler waits for the stop', () => {
  afterEach(() => Service.stopAll())

  for (const kind of kinds) {
    it(`is not waited for, and answered after it (${kind})`, async () => {
      const [entered, release] = [new Gate(), new Gate()]
      const service: Service = await Service.handle(kind, (req, res) => {
        if (req.url === '/drain') return void service.shutdown.stop('drain endpoint').then(({ requests }) => res.end(JSON.stringify(requests)))
        entered.open()
        void release.opened.then(() => res.end('whole'))
      })
      let cleaned = false
      service.shutdown.onCleanup('db', () => (cleaned = true))
      const slow = (await service.connect()).get('/slow')
      await entered.opened
      const drain = (await service.connect()).get('/drain')
      await service.draining()
      expect(cleaned).to.equal(false)
      release.open()
      expect((await slow.answer()).body).to.equal('whole')
      const { status, headers, body } = await drain.answer()
      expect([status, headers['connection'], JSON.parse(body)]).to.deep.equal([200, 'close', { finished: 1, aborted: 0, cut: 0 }])
      await drain.end()
      expect(await service.shutdown.stop()).to.include({ clean: true })
      expect(cleaned).to.equal(true)
    })
  }
})

describe('a request that was answered, and whose handler never ends', () => {
  afterEach(() => Service.stopAll())

  it('is waited for until the abort, and is no blocker', async () => {
    const held: unknown[] = []
    const service = await Service.start((ctx) => {
      ctx.respond = false
      ctx.res.end('by hand')
      held.push(ctx)
      return new Promise(() => {})
    }, { timeout: 10_000, abortAfter: 200 })
    expect((await (await service.connect()).get('/by-hand').answer()).body).to.equal('by hand')
    const report = await service.shutdown.stop()
    expect(report).to.deep.include({ clean: true, blockers: [], requests: { finished: 0, aborted: 0, cut: 0 } })
    expect(report.abandoned).to.have.length(1)
    expect(report.abandoned[0]).to.include({ method: 'GET', path: '/by-hand', phase: 'handler' })
    expect(report.phases.drain + report.phases.abort).to.be.below(5_000)
    expect(held).to.have.length(1)
  })
})
