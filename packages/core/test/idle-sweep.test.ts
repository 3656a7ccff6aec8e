import { once } from 'node:events'
import http, { type Server } from 'node:http'
import https from 'node:https'
import { type Socket } from 'node:net'
import tls from 'node:tls'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { Connection, Connections } from '../src/connections'
import { certificate } from './certificate'
import { Client, GET, serve, serveAny } from './harness'

/** A server whose idle connections end after 1 s, of which Node 20.20 makes 2. */
function brief(app: App, server: Server = app.listen(0)): Server {
  server.keepAliveTimeout = 1_000
  if ('keepAliveTimeoutBuffer' in server) server.keepAliveTimeoutBuffer = 0
  return server
}

function hello(): App {
  const app = new App()
  app.use((ctx) => { ctx.body = 'hello' })
  return app
}

describe('a connection of app.listen', () => {
  it('tells its client how long it may be idle, as the server says at that moment', async () => {
    const app = hello()
    const server = app.listen(0)
    const client = new Client(await serve(app, server)).send(GET)
    await client.sees('Keep-Alive: timeout=72\r\n')
    expect(server.keepAliveTimeout).to.equal(72_000)
    server.keepAliveTimeout = 5_000
    await client.send(GET).sees('Keep-Alive: timeout=5\r\n')
    server.keepAliveTimeout = 0
    await client.send(GET).sees('hello', 3)
    expect(client.text.match(/Keep-Alive:/g)).to.have.length(2)
  })

  for (const kind of ['http', 'https']) {
    it(`is closed once it has been idle for keepAliveTimeout (${kind}), not before`, async () => {
      const app = hello()
      const server = brief(app, kind === 'http' ? app.listen(0) : app.attach(https.createServer(certificate)).listen(0))
      const port = await serve(app, server)
      const client = new Client(kind === 'http' ? port : tls.connect({ port, rejectUnauthorized: false })).send(GET)
      await client.sees('hello')
      const answered = performance.now()
      await client.closed
      expect(performance.now() - answered).to.be.within(950, 10_000) // of the server's second, the answer took a part
    })
  }

  it('answers a request that came while the event loop was busy for longer than that', async () => {
    const app = hello()
    const client = new Client(await serve(app, brief(app))).send(GET)
    await client.sees('hello')
    await delay(300) // it has been seen idle
    await new Promise(setImmediate) // so that timers come before what is to be read
    client.send(GET)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500)
    expect(await client.sees('hello', 2)).to.match(/hello$/)
  })

  it("keeps a request's own timeout to the millisecond, from then on by Node's timers", async () => {
    const app = new App()
    app.use((ctx) => {
      ctx.req.setTimeout(20)
      return new Promise((resolve) => ctx.res.once('close', resolve))
    })
    const client = new Client(await serve(app)).send(GET)
    const begun = performance.now()
    await client.closed
    expect(performance.now() - begun).to.be.below(1_000)
    expect(client.text).to.equal('')
  })

  it("keeps the server's timeout, which ends busy connections too", async () => {
    const app = new App()
    app.use((ctx) => new Promise((resolve) => ctx.res.once('close', resolve)))
    const server = app.listen(0)
    server.timeout = 20
    const client = new Client(await serve(app, server)).send(GET)
    expect(await client.all()).to.equal('')
  })

  it("calls who waits by socket.setTimeout(ms, callback), also when Node's own timeout is as long", async () => {
    const app = new App()
    const called: string[] = []
    app.use(async (ctx) => {
      await new Promise<void>((resolve) => ctx.req.socket.setTimeout(1_000, resolve))
      called.push(ctx.path)
      ctx.body = 'late'
    })
    const server = brief(app)
    server.on('timeout', () => {}) // who listens to it decides what becomes of the connection
    const client = new Client(await serve(app, server)).send(GET)
    await client.sees('late')
    expect(called).to.deep.equal(['/'])
  })

  it("keeps a handler's timeout that is renewed, also when it is as long as keepAliveTimeout", async () => {
    const app = new App()
    app.use(async (ctx) => {
      for (let renewed = 0; renewed < 2; renewed++) {
        ctx.req.setTimeout(1_000)
        await delay(700)
      }
      ctx.body = 'hello'
    })
    const client = new Client(await serve(app, brief(app))).send(GET)
    expect(await client.sees('hello')).to.match(/hello$/)
  })

  it("calls a socket's own setTimeout, as it was when the connection came", async () => {
    const app = hello()
    const server = app.listen(0)
    const called: number[] = []
    server.prependListener('connection', (socket: Socket) => {
      const { setTimeout } = socket
      socket.setTimeout = function (ms, callback) {
        called.push(ms)
        return setTimeout.call(this, ms, callback)
      }
    })
    const client = new Client(await serve(app, server)).send(GET)
    await client.sees('hello')
    await client.send(GET).sees('hello', 2)
    expect(called[0]).to.be.at.least(5_000)
    expect(called).to.include(0)
  })

  it('is closed also if a listener has thrown when it was told of another', async () => {
    const app = hello()
    const server = brief(app)
    const port = await serve(app, server)
    const clients = [new Client(port), new Client(port), new Client(port)]
    for (const client of clients) await client.send(GET).sees('hello')
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').once('uncaughtException', () => before.forEach((listener) => process.on('uncaughtException', listener)))
    let told = 0
    server.on('timeout', (socket: Socket) => {
      if (told++ === 0) throw new Error('of a listener')
      socket.destroy()
    })
    await Promise.any([0, 1, 2].map((first) => Promise.all(clients.filter((_, index) => index !== first).map(({ closed }) => closed))))
    expect(told).to.equal(3)
  })

  for (const ms of [100, Number.NaN]) {
    it(`is left to Node with a keepAliveTimeout of ${ms}`, async () => {
      const app = hello()
      const server = app.listen(0)
      server.keepAliveTimeout = ms
      const client = new Client(await serve(app, server)).send(GET)
      await client.sees('hello')
      if (ms > 0) expect(await client.all()).to.match(/hello$/)
      else expect(await client.send(GET).sees('hello', 2)).to.match(/hello$/)
    })
  }

  it('has no timeout once it is upgraded', async () => {
    const app = hello()
    const server = brief(app)
    const client = new Client(await serve(app, server)).send(GET)
    await client.sees('hello')
    const [socket] = app.connections
    expect(socket?.timeout).to.be.within(1_000, 2_000) // Node 20.20 adds a second
    const upgraded = once(server, 'upgrade')
    client.send('GET / HTTP/1.1\r\nHost: ebb\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
    const [, raw] = (await upgraded) as [unknown, Socket]
    expect(raw).to.equal(socket)
    expect(raw.timeout).to.equal(0)
    raw.destroy()
  })
})

describe('a sweep', () => {
  /** The record of the one connection of a server, and how often it was told. */
  async function one(): Promise<{ client: Client; connection: Connection; socket: Socket; told: () => number }> {
    const server = http.createServer((_, res) => res.end('hello')).listen(0)
    const connections = new Connections(() => {})
    connections.follow(server)
    const client = new Client(await serveAny(server)).send(GET)
    await client.sees('hello')
    const [socket] = connections as Iterable<Socket>
    let told = 0
    socket!.removeAllListeners('timeout').on('timeout', () => told++)
    return { client, connection: new Connection(socket!), socket: socket!, told: () => told }
  }

  it('tells a connection once, when it has been idle for its timeout since a sweep saw it first', async () => {
    const { connection, socket, told } = await one()
    const timeout = socket.timeout as number
    for (const now of [100, 100 + timeout - 1]) connection.checkIdle(now)
    expect(told()).to.equal(0)
    for (const now of [100 + timeout, 100 + 2 * timeout]) connection.checkIdle(now)
    expect(told()).to.equal(1)
  })

  it('begins anew when bytes have come, whatever they are', async () => {
    const { client, connection, socket, told } = await one()
    const timeout = socket.timeout as number
    connection.checkIdle(100)
    const before = socket.bytesRead
    client.send('GET / HT')
    while (socket.bytesRead === before) await new Promise(setImmediate)
    connection.checkIdle(100 + timeout)
    expect(told()).to.equal(0)
    connection.checkIdle(100 + 2 * timeout)
    expect(told()).to.equal(1)
  })

  it('leaves alone what has not been answered, or has no timeout', async () => {
    const { connection, socket, told } = await one()
    socket.setTimeout(0)
    for (const now of [100, 1e9]) connection.checkIdle(now)
    expect(told()).to.equal(0)
  })
})
