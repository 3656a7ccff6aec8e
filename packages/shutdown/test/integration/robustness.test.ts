import { mkdtempSync, rmdirSync } from 'node:fs'
import EventEmitter, { once } from 'node:events'
import { createServer } from 'node:http'
import http2 from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { Router } from '../../../router/src'
import { gracefulShutdown, type Shutdown } from '../../src'
import { Child } from '../child'
import { Client } from '../client'
import { certificate, Gate } from '../service'

const quiet = { signals: false, fatal: false, exit: false, logger: false } as const
const portOf = (server: net.Server | http2.Http2Server) => (server.address() as AddressInfo).port

describe('a stop', () => {
  afterEach(async () => {
    Client.closeAll()
    await Child.endAll()
  })

  it('goes on when the readiness file cannot be removed, and says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ebb-'))
    const lines: string[] = []
    const shutdown = gracefulShutdown(new App(), { ...quiet, logger: (line) => void lines.push(line) })
    shutdown.health({ file: folder })
    const { clean } = await shutdown.stop()
    rmdirSync(folder)
    expect(clean).to.equal(true)
    expect(lines.join('\n')).to.match(/readiness could not be told: .*EISDIR|directory/i)
  })

  it('goes on when the logger rejects', async () => {
    const shutdown = gracefulShutdown(new App(), { ...quiet, logger: () => Promise.reject(new Error('log host is down')) as never })
    expect((await shutdown.stop()).clean).to.equal(true)
  })

  it('is one promise, however often it is asked for', async () => {
    const shutdown = gracefulShutdown(new App(), quiet)
    const stopped = shutdown.stop()
    expect(shutdown.stop()).to.equal(stopped)
    await stopped
  })

  it('claims all of its targets or none', () => {
    const [free, owned] = [new App(), new App()]
    const owner = gracefulShutdown(owned, quiet)
    expect(() => gracefulShutdown([free, owned], quiet)).to.throw(TypeError, 'Cannot shut down App twice')
    const mine = gracefulShutdown(free, quiet)
    for (const shutdown of [owner, mine]) shutdown.uninstall()
    expect(() => gracefulShutdown([], quiet)).to.throw(TypeError, 'Cannot shut down []')
  })

  it('serves what is on its way also with abortAfter 0, with its signal aborted', async () => {
    const app = new App()
    app.use((ctx) => { ctx.body = 'served' })
    const server = app.listen(0)
    await once(server, 'listening')
    const shutdown = gracefulShutdown(app, { ...quiet, abortAfter: 0 })
    const socket = net.connect(portOf(server), '127.0.0.1')
    await once(server, 'connection')
    const stopped = shutdown.stop()
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).to.match(/^HTTP\/1\.1 200 .*served$/s)
    await stopped
  })

  it('leaves connections of a net server alone until the abort', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => setTimeout(() => socket.end('late answer'), 1_300)) // after every grace of HTTP's
    }).listen(0)
    await once(server, 'listening')
    const shutdown = gracefulShutdown(server, quiet)
    const socket = net.connect(portOf(server), '127.0.0.1')
    socket.write('question')
    await once(server, 'connection')
    const stopped = shutdown.stop()
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).to.equal('late answer')
    await stopped
  })

  it('resets an HTTP/2 response that has begun, at the cut, and counts its connection once', async () => {
    const app = new App()
    app.use(async (ctx) => {
      ctx.respond = false
      ctx.res.write('abc')
      await new Promise(() => {})
    })
    const server = app.attach(http2.createServer())
    server.listen(0)
    await once(server, 'listening')
    const shutdown = gracefulShutdown(app, { ...quiet, timeout: 600, abortAfter: 50, cleanupTimeout: 400 })
    const session = http2.connect(`http://localhost:${portOf(server)}`)
    session.on('error', () => {})
    const stream = session.request({ ':path': '/' })
    const failed = once(stream, 'close').then(() => 'whole', (error: NodeJS.ErrnoException) => error.code)
    await once(stream, 'data')
    const { connections, requests } = await shutdown.stop()
    expect(await failed).to.equal('ERR_HTTP2_STREAM_ERROR')
    expect({ ...connections, ...requests }).to.include({ drained: 0, destroyed: 1, cut: 1 })
    session.destroy()
  })

  it('that fails in part ends its process with code 1, and says why', async () => {
    const child = Child.start('process.ts', { program: 'broken stop' })
    await child.prints(/started/)
    child.kill('SIGTERM')
    expect((await child.exit).code).to.equal(1)
    expect(child.stderr).to.match(/the stop itself failed: .*beginStop is broken/)
  })

  it('takes its waiting line away before it says what a second signal has cut off', async () => {
    const child = Child.start('process.ts', { program: 'waits on a terminal' })
    await child.prints(/request/)
    child.kill('SIGINT')
    await child.prints(/Ctrl-C again to force$/, 'stderr')
    child.kill('SIGINT')
    expect((await child.exit).code).to.equal(130)
    expect(child.stderr).to.contain('Ctrl-C again to force\r\x1b[2K[shutdown] forced to exit with GET / running')
  })

  it('leaves out the resources of other shutdowns in its process', async () => {
    const child = Child.start('process.ts', { program: 'forgotten timer of two' })
    await child.prints(/started/)
    child.kill('SIGTERM')
    await child.exit
    const reports = [...child.stdout.matchAll(/^report (.*)$/gm)].map(([, json]) => (JSON.parse(json as string) as { resources: string[] }).resources)
    expect(reports).to.deep.equal([[], ['Timeout']])
  })

  it('survives a handler that has taken `req.url` away', async () => {
    const entered = new Gate()
    const server = createServer((req) => {
      Object.assign(req, { url: undefined })
      entered.open()
    }).listen(0)
    await once(server, 'listening')
    const shutdown = gracefulShutdown(server, { ...quiet, timeout: 200 })
    const client = (await Client.connect(portOf(server))).get('/')
    await entered.opened
    expect(shutdown.inflight()).to.have.length(1)
    const stopped = shutdown.stop()
    expect((await client.answer()).status).to.equal(503)
    expect((await stopped).blockers[0]).to.include({ method: 'GET', path: '' })
  })

  it('names the route that the router has found', async () => {
    const [app, router, entered, held] = [new App(), new Router(), new Gate(), new Gate()]
    router.get('/users/:id', async (ctx) => {
      entered.open()
      await held.opened
      ctx.body = 'ok'
    })
    app.use(router.routes())
    const server = app.listen(0)
    await once(server, 'listening')
    const shutdown = gracefulShutdown(app, quiet)
    const client = (await Client.connect(portOf(server))).get('/users/7')
    await entered.opened
    expect(shutdown.inflight()[0]).to.include({ path: '/users/7', route: '/users/:id' })
    held.open()
    await client.answer()
    await shutdown.stop()
  })

  for (const kind of ['App', 'bare']) {
    it(`counts a request that expects 100 Continue once (${kind})`, async () => {
      const [app, entered, held] = [new App(), new Gate(), new Gate()]
      app.use(async (ctx) => {
        if (ctx.path === '/slow') entered.open()
        if (ctx.path === '/slow') await held.opened
        ctx.body = String(await ctx.request.text())
      })
      const server = createServer(app.callback())
      if (kind === 'App') app.attach(server)
      else server.on('checkContinue', (req, res) => {
        res.writeContinue()
        server.emit('request', req, res)
      })
      server.listen(0)
      await once(server, 'listening')
      const shutdown = gracefulShutdown(kind === 'App' ? app : server, quiet)
      const [slow, late] = [await Client.connect(portOf(server)), await Client.connect(portOf(server))]
      slow.get('/slow')
      await entered.opened
      const stopped = shutdown.stop()
      late.send('POST /late HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok')
      expect((await late.answer()).body).to.equal('ok')
      held.open()
      await slow.answer()
      expect((await stopped).requests).to.deep.equal({ finished: 2, aborted: 0, cut: 0 })
    })
  }

  it('claims no server of an array in which another is none, and leaves no listener on it', () => {
    const server = createServer()
    const before = listenersOf(server)
    expect(() => gracefulShutdown([server, 7 as never], quiet)).to.throw(TypeError, 'Cannot shut down 7')
    expect(() => gracefulShutdown([server, server], quiet)).to.throw(TypeError, 'Cannot shut down Server twice')
    expect(listenersOf(server)).to.deep.equal(before)
  })

  for (const [name, create] of [
    ['http', () => createServer(() => {})],
    ['https', () => createHttpsServer(certificate, () => {})],
    ['http2', () => http2.createServer(() => {})],
    ['an App', () => new App().listen(0)],
  ] as const) {
    for (const [act, end] of [['its end', (shutdown: Shutdown) => shutdown.stop()], ['uninstall()', (shutdown: Shutdown) => shutdown.uninstall()]] as const) {
      it(`leaves no listener on a server after ${act} (${name})`, async () => {
        const server = create() as net.Server
        if (!server.listening) server.listen(0)
        await once(server, 'listening')
        const before = listenersOf(server)
        const shutdown = gracefulShutdown(server, quiet)
        await end(shutdown)
        expect(listenersOf(server)).to.deep.equal(before)
        server.close()
      })
    }
  }

  it('leaves no listener on the servers of an App', async () => {
    const app = new App()
    const server = app.listen(0)
    await once(server, 'listening')
    const before = listenersOf(server)
    await gracefulShutdown(app, quiet).stop()
    expect(listenersOf(server)).to.deep.equal(before)
  })

  it('of which a part fails goes on with the rest: the cut and clean-up run, and no listener is left on a server', async () => {
    const [app, server] = [new App(), createServer(() => {}).listen(0)]
    await once(server, 'listening')
    app.beginStop = () => {
      throw new Error('beginStop is broken')
    }
    const lines: string[] = []
    const before = listenersOf(server)
    const shutdown = gracefulShutdown([server, app], { ...quiet, logger: (line) => void lines.push(line) })
    let cleaned = false
    shutdown.onCleanup('db', () => (cleaned = true))
    expect(await shutdown.stop()).to.include({ clean: false, exitCode: 1 })
    expect(cleaned).to.equal(true)
    expect(lines.join('\n')).to.contain('drain: the stop itself failed: Error: beginStop is broken')
    expect(listenersOf(server)).to.deep.equal(before)
  })

  it('of an https server with many open handshakes warns of nothing', async () => {
    const server = createHttpsServer(certificate, (_, res) => res.end('ok')).listen(0)
    await once(server, 'listening')
    const before = server.listenerCount('secureConnection')
    const shutdown = gracefulShutdown(server, { ...quiet, timeout: 200 })
    const silent = Array.from({ length: 20 }, () => Client.connect(portOf(server)))
    for (let met = 0; met < 20; met++) await once(server, 'connection')
    await Promise.all(silent)
    expect(server.listenerCount('secureConnection')).to.equal(before + 1)
    await shutdown.stop()
  })

  it('drains a server that is added while it drains', async () => {
    const [app, entered, held] = [new App(), new Gate(), new Gate()]
    app.use(async (ctx) => {
      entered.open()
      await held.opened
      ctx.body = 'ok'
    })
    const [server, other] = [app.listen(0), createServer((_, res) => res.end('other')).listen(0)]
    await Promise.all([server, other].map((one) => one.listening || once(one, 'listening')))
    const shutdown = gracefulShutdown(app, quiet)
    const client = (await Client.connect(portOf(server))).get('/')
    await entered.opened
    const draining = new Gate()
    shutdown.loop('test', (stopping) => once(stopping, 'abort').then(() => draining.open()))
    const stopped = shutdown.stop()
    await draining.opened
    const [silent] = await Promise.all([Client.connect(portOf(other)), once(other, 'connection')])
    shutdown.add(other)
    await Promise.all([once(other, 'close'), silent.get('/').answer().then(({ headers }) => expect(headers['connection']).to.equal('close'))])
    held.open()
    await client.answer()
    expect((await stopped).requests.finished).to.equal(2)
  })

  it('of a process that lives on keeps no server from listening later', async () => {
    const server = createServer((_, res) => res.end('ok'))
    await gracefulShutdown(server, quiet).stop()
    await once(server.listen(0), 'listening')
    const client = (await Client.connect(portOf(server))).get('/', 'Connection: close\r\n')
    expect((await client.answer()).body).to.equal('ok')
    server.close()
  })

  it('leaves what a server does with rejections of its listeners to it', async () => {
    EventEmitter.captureRejections = true
    const server = createServer(async () => {
      await new Promise(setImmediate)
      throw new Error('a bug in a promise')
    })
    EventEmitter.captureRejections = false
    await once(server.listen(0), 'listening')
    const shutdown = gracefulShutdown(server, { ...quiet, delay: 500 })
    const client = await Client.connect(portOf(server))
    const stopped = shutdown.stop()
    expect((await client.get('/').answer()).status).to.equal(500)
    await stopped
  })

  it('takes nothing more once it is over, and says so', async () => {
    const shutdown = gracefulShutdown(new App(), quiet)
    await shutdown.stop()
    expect(() => shutdown.onCleanup('db', () => {})).to.throw(TypeError, "Cannot add hook 'db': the shutdown has stopped")
    expect(() => shutdown.add(createServer())).to.throw(TypeError, 'Cannot add Server: the shutdown has stopped')
  })

  it('serves a late request, and says so, if `late` returns neither of its answers', async () => {
    const [app, entered, held, lines] = [new App(), new Gate(), new Gate(), [] as string[]]
    app.use(async (ctx) => {
      entered.open()
      if (ctx.path === '/slow') await held.opened
      ctx.body = 'ok'
    })
    const server = app.listen(0)
    await once(server, 'listening')
    const shutdown = gracefulShutdown(app, { ...quiet, logger: (line) => void lines.push(line), late: () => 'maybe' as never })
    const [slow, late] = [await Client.connect(portOf(server)), await Client.connect(portOf(server))]
    slow.get('/slow')
    await entered.opened
    const stopped = shutdown.stop()
    expect((await late.get('/late').answer()).status).to.equal(200)
    held.open()
    await slow.answer()
    await stopped
    expect(lines.join('\n')).to.match(/late returned 'maybe', so the request is served: it must return 'serve' or 'reject'/)
  })
})

function listenersOf(server: net.Server): Record<string, number> {
  return Object.fromEntries(server.eventNames().map((name) => [String(name), server.listenerCount(name)]))
}
