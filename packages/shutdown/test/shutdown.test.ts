import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { WebSocketServer } from 'ws'
import { App } from '@ebbjs/core'
import { gracefulShutdown, type Stoppable } from '../src'
import { Client } from './client'
import { Gate, Service } from './service'

const quiet = { exit: false, signals: false, logger: false } as const

describe('gracefulShutdown', () => {
  afterEach(() => Service.stopAll())

  describe('refuses', () => {
    const rule =
      'it must be an App, a server of net, http, https or http2, an array of these, ' +
      'or an object whose server is one (of a Koa or Express app, pass what listen() returned)'
    class Application {
      use(): void {}
      listen(): void {}
      callback(): void {}
    }
    const bad: [target: unknown, name: string][] = [
      [new Application(), 'an Application'],
      [Object.assign(function app() {}, { use() {}, listen() {} }), 'the function app'],
      [undefined, 'undefined'],
      ['app', "'app'"],
      [{}, 'an Object'],
      [{ server: 3000 }, 'an Object'],
      [[createServer(), 7], '7'],
    ]
    for (const [target, name] of bad) {
      it(`${name} as target`, () => {
        expect(() => gracefulShutdown(target as Stoppable)).to.throw(TypeError, `Cannot shut down ${name}: ${rule}`)
      })
    }

    it('a Koa app as target, and says what to pass', async () => {
      const { default: Koa } = (await import('koa')) as { default: new () => unknown }
      expect(() => gracefulShutdown(new Koa() as Stoppable)).to.throw(TypeError, `Cannot shut down an Application: ${rule}`)
    })

    it('the same app or server twice, until the first is uninstalled', () => {
      const app = new App()
      const server = createServer()
      const first = gracefulShutdown([app, server], quiet)
      expect(() => gracefulShutdown(app, quiet)).to.throw(TypeError, /^Cannot shut down App twice: one shutdown must own it/)
      expect(() => gracefulShutdown({ server }, quiet)).to.throw(TypeError, /^Cannot shut down Server twice/)
      first.uninstall()
      gracefulShutdown([app, server], quiet).uninstall()
    })

    it('wrong options, and leaves no listener behind', () => {
      const before = process.listenerCount('SIGTERM')
      const app = new App()
      expect(() => gracefulShutdown(app, { timeout: -1 })).to.throw(RangeError, 'Cannot shut down with timeout -1: it must be 0 or more ms, and finite')
      expect(() => gracefulShutdown(app, { delay: 20_000, timeout: 10_000 })).to.throw(
        RangeError,
        'Cannot shut down with delay 20000: it must be less than timeout, 10000 ms',
      )
      expect(process.listenerCount('SIGTERM')).to.equal(before)
      gracefulShutdown(app, quiet).uninstall()
    })

    it('wrong arguments of its members', () => {
      const shutdown = gracefulShutdown(new App(), quiet)
      const wrong: [act: () => unknown, message: string][] = [
        [() => shutdown.onStop('a', () => {}, null as never), "Cannot add hook 'a' with options null: they must be an object"],
        [() => shutdown.onCleanup('a', () => {}, 5 as never), "Cannot add hook 'a' with options 5: they must be an object"],
        [() => shutdown.loop(5 as never, async () => {}), 'Cannot run a loop named 5: its name must be a string, and not empty'],
        [() => shutdown.loop('a', 5 as never), "Cannot run loop 'a' with 5: it must be a function of an AbortSignal"],
        [() => shutdown.health(null as never), 'Cannot check health with null: it must be an object of options'],
      ]
      for (const [act, message] of wrong) expect(act).to.throw(TypeError, message)
      shutdown.uninstall()
    })

    it('a start-up that is no promise', async () => {
      const shutdown = gracefulShutdown(new App(), quiet)
      const error = await shutdown.startup('db', 5 as never).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(TypeError).with.property('message', "Cannot wait for start-up 'db' of 5: it must be a promise")
      expect(shutdown.state).to.equal('ready')
      shutdown.uninstall()
    })

    it('wrong overrides of one stop by rejecting it, and can be stopped afterwards', async () => {
      const shutdown = gracefulShutdown(new App(), { ...quiet, timeout: 5_000 })
      const wrong: [args: unknown[], message: string][] = [
        [[new Error('no')], 'Cannot stop for the reason Error: no'],
        [['stop', { exit: true }], 'Cannot stop with exit of its own: one stop may have handover, delay, timeout, abortAfter'],
        [['stop', 5], 'Cannot stop with 5: it must be an object'],
      ]
      for (const [args, message] of wrong) {
        const error = await shutdown.stop(...(args as [])).catch((thrown: unknown) => thrown)
        expect(error).to.be.instanceOf(TypeError).with.property('message').that.contains(message)
      }
      const error = await shutdown.stop('test', { timeout: -1 }).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(RangeError)
      expect((await shutdown.stop('test', { timeout: undefined } as object)).clean).to.equal(true)
    })
  })

  it('stop() is idempotent, and its report is plain JSON', async () => {
    const { shutdown } = await Service.start((ctx) => (ctx.body = 'ok'))
    const [first, second] = await Promise.all([shutdown.stop('one'), shutdown.stop('two')])
    expect(second).to.equal(first)
    expect(JSON.parse(JSON.stringify(first))).to.deep.equal(first)
    expect(first).to.have.all.keys('reason', 'signal', 'phases', 'requests', 'connections', 'hooks', 'blockers', 'abandoned', 'resources', 'exitCode', 'clean')
    expect(first).to.include({ reason: 'one', signal: null, exitCode: 0, clean: true })
    expect(first.phases).to.have.all.keys('announce', 'lameDuck', 'drain', 'abort', 'cut', 'cleanup')
    expect(first.requests).to.deep.equal({ finished: 0, aborted: 0, cut: 0 })
    expect(first.connections).to.deep.equal({ idle: 0, drained: 0, destroyed: 0 })
    expect(process.exitCode).to.equal(undefined)
  })

  it('is one promise also within the stop: in hooks, the logger, `late` and subscribers', async () => {
    const stops: unknown[] = []
    const stop = () => void stops.push(service.shutdown.stop('within'))
    const logger = (line: string) => line.includes('stopping within') && stop()
    const late = () => (stop(), 'serve' as const)
    const [entered, held] = [new Gate(), new Gate()]
    const service: Service = await Service.start(async (ctx) => {
      if (ctx.path === '/slow') {
        entered.open()
        await held.opened
      }
      ctx.body = 'ok'
    }, { logger: logger as () => void, late })
    subscribe('@ebbjs/shutdown:phase', stop)
    service.shutdown.onStop('stop', stop).onDrain('drain', stop).onCleanup('cleanup', stop).onExit('exit', stop)
    const [slow, idle] = [(await service.connect()).get('/slow'), await service.connect()]
    await entered.opened
    const stopped = service.shutdown.stop('first')
    await service.draining()
    await idle.get('/late').answer()
    held.open()
    await slow.answer()
    expect(await stopped).to.include({ reason: 'first', clean: true })
    unsubscribe('@ebbjs/shutdown:phase', stop)
    expect(stops.length).to.be.above(11)
    expect(new Set([...stops, stopped]).size).to.equal(1)
  })

  it('names loops, start-ups and WebSockets that are left, and is not clean', async () => {
    const { shutdown, server, port } = await Service.start((ctx) => (ctx.body = 'ok'), { timeout: 600, abortAfter: 100, cleanupTimeout: 300 })
    shutdown.loop('mail', () => new Promise(() => {}))
    void shutdown.startup('cache', new Promise(() => {}))
    shutdown.add(new WebSocketServer({ server: server as HttpServer }))
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).resume() // answers no close frame, and no FIN
    client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n')
    await once(client, 'data')
    const { blockers, clean, exitCode } = await shutdown.stop()
    expect(blockers).to.deep.equal([{ loop: 'mail' }, { startup: 'cache' }, { webSockets: 1 }])
    expect([clean, exitCode]).to.deep.equal([false, 1])
    client.destroy()
  })

  it('cleans up after the start-ups that are under way', async () => {
    const { shutdown } = await Service.start((ctx) => (ctx.body = 'ok'))
    const [order, migrated] = [[] as string[], new Gate()]
    void shutdown.startup('migrations', migrated.opened.then(() => order.push('migrated')))
    shutdown.onCleanup('db', () => order.push('closed'))
    const stopped = shutdown.stop()
    expect(shutdown.stopping.aborted).to.equal(false)
    await once(shutdown.stopping, 'abort')
    migrated.open()
    expect(await stopped).to.include({ clean: true })
    expect(order).to.deep.equal(['migrated', 'closed'])
  })

  it('takes a start-up that ends as the stop tells it to for none that failed', async () => {
    const { shutdown } = await Service.start((ctx) => (ctx.body = 'ok'))
    const { stopping } = shutdown
    const started = shutdown.startup('waits', delay(60_000, undefined, { signal: stopping }))
    expect(await shutdown.stop()).to.include({ clean: true })
    expect(await started).to.equal(undefined)
  })

  it('gets more time by extend(), of which systemd is told', async () => {
    const entered = new Gate()
    const service = await Service.start(async (ctx) => {
      entered.open()
      await new Promise((resolve) => setTimeout(resolve, 600))
      ctx.body = String((ctx.deadline as number) - Date.now() > 1_000)
    }, { timeout: 500 })
    service.shutdown.extend(1) // no stop runs
    const client = (await service.connect()).get('/')
    await entered.opened
    const stopped = service.shutdown.stop()
    service.shutdown.extend(20_000)
    expect(await client.answer()).to.include({ status: 200, body: 'true' })
    expect(await stopped).to.include({ clean: true })
    expect(() => service.shutdown.extend(0)).to.throw(RangeError, 'Cannot extend a stop by 0: it must be more than 0 ms, and at most 2147483647')
  })

  it('goes through its states in order', async () => {
    const states: string[] = []
    const { shutdown } = await Service.start((ctx) => (ctx.body = 'ok'))
    states.push(shutdown.state)
    shutdown.onStop('registry', () => states.push(shutdown.state))
    shutdown.loop('consumer', async (stopping) => {
      await new Promise((resolve) => stopping.addEventListener('abort', resolve))
      states.push(shutdown.state)
    })
    shutdown.onCleanup('db', () => states.push(shutdown.state))
    await shutdown.stop()
    states.push(shutdown.state)
    expect(states).to.deep.equal(['ready', 'stopping', 'draining', 'cleaning', 'stopped'])
  })

  it('stops what nothing listens on, cleanly', async () => {
    expect(await gracefulShutdown(new App(), quiet).stop()).to.include({ clean: true })
    expect(await gracefulShutdown(createServer(), quiet).stop()).to.include({ clean: true })
  })

  it('an app that is told to listen while it stops never comes up', async () => {
    const app = new App()
    await gracefulShutdown(app, quiet).stop()
    expect(app.listen(0).listening).to.equal(false)
  })

  it('ends with `await using`', async () => {
    const app = new App()
    const shutdown = gracefulShutdown(app, quiet)
    await shutdown[Symbol.asyncDispose]()
    expect(shutdown.state).to.equal('stopped')
  })

  it('runs stop hooks at the announcement, lets the lame duck last as long, and reports them', async () => {
    const service = await Service.start((ctx) => (ctx.body = 'ok'))
    const gate = new Gate()
    service.shutdown.onStop('registry', () => gate.opened)
    service.shutdown.onStop('hangs', () => new Promise(() => {}), { timeout: 10 })
    const stopped = service.shutdown.stop()
    const client = await service.connect()
    expect((await client.get('/').answer()).headers['connection']).to.equal('close')
    gate.open()
    const { hooks, clean } = await stopped
    expect(hooks.map(({ name, error }) => [name, error !== undefined])).to.deep.equal([['registry', false], ['hangs', true]])
    expect(clean).to.equal(false)
  })

  it('runs cleanup hooks after the last handler, also when its client has left', async () => {
    const [entered, release] = [new Gate(), new Gate()]
    const order: string[] = []
    const service = await Service.start(async () => {
      entered.open()
      await release.opened
      order.push('handler ends')
    })
    service.shutdown.onCleanup('db', () => order.push('db closed'))
    const client = await service.connect()
    client.get('/')
    await entered.opened
    client.socket.destroy()
    const stopped = service.shutdown.stop()
    await service.draining()
    release.open()
    expect(await stopped).to.include({ clean: true })
    expect(order).to.deep.equal(['handler ends', 'db closed'])
  })

  it('gathers the failures of its hooks, and is not clean', async () => {
    const { shutdown, lines } = await Service.start((ctx) => (ctx.body = 'ok'))
    shutdown.onCleanup('db', () => Promise.reject(new Error('no connection')))
    shutdown.onCleanup('hangs', () => new Promise(() => {}), { timeout: 10 })
    shutdown.onCleanup('cache', () => {})
    const { hooks, exitCode, clean } = await shutdown.stop()
    expect(hooks.map(({ name, error }) => [name, error?.replace(/\d+/, 'n')])).to.deep.equal([
      ['cache', undefined],
      ['hangs', 'not done after n ms'],
      ['db', 'no connection'],
    ])
    expect([exitCode, clean]).to.deep.equal([1, false])
    expect(lines.join('\n')).to.match(/hook 'db' failed: no connection/)
  })

  it('waits for what a request has handed to waitUntil, before it cleans up', async () => {
    const work = new Gate()
    const order: string[] = []
    const service = await Service.start((ctx) => {
      ctx.waitUntil(work.opened.then(() => order.push('mail sent')))
      ctx.body = 'ok'
    })
    service.shutdown.onCleanup('db', () => order.push('db closed'))
    await (await service.connect()).get('/').answer()
    const stopped = service.shutdown.stop()
    await service.draining()
    expect(service.shutdown.inflight().map(({ phase }) => phase)).to.deep.equal(['background'])
    work.open()
    expect(await stopped).to.include({ clean: true })
    expect(order).to.deep.equal(['mail sent', 'db closed'])
  })

  it('drains a server that was added as it does the first', async () => {
    const entered = new Gate<ServerResponse>()
    const service = await Service.start((ctx) => (ctx.body = 'ok'))
    const admin = service.shutdown.add(createServer((_, res) => entered.open(res)))
    expect(() => service.shutdown.add(admin)).to.throw(TypeError, /^Cannot shut down Server twice/)
    await once(admin.listen(0, '127.0.0.1'), 'listening')
    const client = (await Client.connect((admin.address() as AddressInfo).port)).get('/')
    const res = await entered.opened
    const stopped = service.shutdown.stop()
    await service.draining()
    expect(admin.listening).to.equal(false)
    res.end('whole')
    const answer = await client.answer()
    expect([answer.body, answer.headers['connection']]).to.deep.equal(['whole', 'close'])
    expect((await stopped).requests.finished).to.equal(1)
  })

  describe('in a hand-over', () => {
    /** What /readyz says in the middle of a stop. */
    async function readyz(begin: (service: Service) => unknown): Promise<number> {
      const entered = new Gate()
      const release = new Gate()
      const service: Service = await Service.start(
        (ctx) => {
          if (ctx.path === '/readyz') return health(ctx, () => Promise.resolve())
          entered.open()
          return release.opened
        },
        { handover: true },
      )
      const health = service.shutdown.health()
      const [busy, probe] = [(await service.connect()).get('/busy'), await service.connect()]
      await entered.opened
      probe.send('GET /readyz HTTP/1.1\r\n')
      begin(service)
      await service.draining()
      const { status } = await probe.send('Host: x\r\n\r\n').answer()
      release.open()
      await busy.answer()
      await service.shutdown.stop()
      return status
    }

    it('stays ready: others go on accepting on the same socket', async () => {
      expect(await readyz(({ shutdown }) => shutdown.stop('SIGTERM'))).to.equal(200)
    })

    it('is not ready at once when the stop is fatal', async () => {
      expect(await readyz(({ shutdown }) => shutdown.startup('cache', Promise.reject(new Error('no'))))).to.equal(503)
    })
  })

  it('adds resources by their shape', async () => {
    const { shutdown } = await Service.start((ctx) => (ctx.body = 'ok'))
    const ended: string[] = []
    class Pool {
      end = async () => void ended.push('pool.end')
      destroy = () => ended.push('pool.destroy')
    }
    class Client {
      quit = () => ended.push('client.quit')
      disconnect = () => ended.push('client.disconnect')
    }
    class Disposable {
      [Symbol.asyncDispose] = async () => void ended.push('disposed')
      close = () => ended.push('closed')
    }
    const pool = new Pool()
    expect(shutdown.add(pool)).to.equal(pool)
    shutdown.add(new Client(), 'redis')
    shutdown.add(new Disposable())
    expect(() => shutdown.add({})).to.throw(TypeError, /^Cannot add {}: it must have one of/)
    const { hooks } = await shutdown.stop()
    expect(ended).to.deep.equal(['disposed', 'client.quit', 'pool.end'])
    expect(hooks.map(({ name }) => name)).to.deep.equal(['Disposable', 'redis', 'Pool'])
  })

  it('tells loops to stop when the drain begins, waits for them, and reports one that fails', async () => {
    const { shutdown, lines } = await Service.start((ctx) => (ctx.body = 'ok'))
    const order: string[] = []
    shutdown.loop('consumer', async (stopping) => {
      await new Promise((resolve) => stopping.addEventListener('abort', resolve))
      await new Promise(setImmediate)
      order.push(`consumer ends: ${(stopping.reason as Error).message}`)
    })
    shutdown.loop('broken', () => Promise.reject(new Error('no queue')))
    shutdown.onCleanup('queue', () => order.push('queue closed'))
    const { clean } = await shutdown.stop('SIGTERM')
    expect(order).to.deep.equal(['consumer ends: The server is stopping (SIGTERM)', 'queue closed'])
    expect(clean).to.equal(false)
    expect(lines.join('\n')).to.match(/loop 'broken' failed: no queue/)
  })

  it('is not ready until its start-up is done', async () => {
    const { shutdown } = await Service.start((ctx) => (ctx.body = 'ok'))
    const [migrations, cache] = [new Gate<string>(), new Gate()]
    const started = shutdown.startup('migrations', migrations.opened)
    void shutdown.startup('cache', cache.opened)
    expect(shutdown.state).to.equal('starting')
    cache.open()
    migrations.open('done')
    expect(await started).to.equal('done')
    await new Promise(setImmediate)
    expect(shutdown.state).to.equal('ready')
  })

  it('unwinds what had started when a start-up fails', async () => {
    const { shutdown, lines } = await Service.start((ctx) => (ctx.body = 'ok'))
    let closed = false
    shutdown.onCleanup('db', () => (closed = true))
    expect(await shutdown.startup('migrations', Promise.reject(new Error('no such table')))).to.equal(undefined)
    const report = await shutdown.stop()
    expect(report).to.include({ reason: "start-up 'migrations' failed", exitCode: 1, clean: false })
    expect(closed).to.equal(true)
    expect(lines[0]).to.match(/start-up 'migrations' failed: Error: no such table/)
  })
})
