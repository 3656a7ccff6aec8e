import { once } from 'node:events'
import http, { type Server } from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import tls from 'node:tls'
import { expect } from 'chai'
import { App, type Context } from '@ebbjs/core'
import { certificate } from './certificate'
import { Client, gate, GET, serve } from './harness'

/** An app whose answers fail after their first byte, once the test says so. */
function failing(prepare: (ctx: Context) => void = () => {}): { app: App; fail: () => void } {
  const app = new App()
  app.silent = true
  const broken = gate()
  app.use((ctx) => {
    prepare(ctx)
    ctx.body = Readable.from((async function* () {
      yield 'begun'
      await broken.promise
      throw new Error('disk gone')
    })())
  })
  return { app, fail: () => broken.open() }
}

const END = /\r\n0\r\n\r\n$/

describe('an answer that fails after its first byte', () => {
  for (const connection of ['keep-alive', 'close']) {
    it(`is an error for fetch, also with Connection: ${connection}`, async () => {
      const { app, fail } = failing((ctx) => ctx.set('Connection', connection))
      const response = await fetch(`http://127.0.0.1:${await serve(app)}`)
      fail()
      const outcome = await response.text().then(() => 'whole', () => 'failed')
      expect(outcome).to.equal('failed')
    })
  }

  it('is an error for fetch also if it was to have a length', async () => {
    const { app, fail } = failing((ctx) => ctx.set({ 'Content-Length': '100', Connection: 'close' }))
    const response = await fetch(`http://127.0.0.1:${await serve(app)}`)
    fail()
    expect(await response.text().then(() => 'whole', () => 'failed')).to.equal('failed')
  })

  it('is an error for a client of http, whose connection ends', async () => {
    const { app, fail } = failing()
    const req = http.get({ port: await serve(app) })
    const failed = once(req, 'error')
    const [res] = (await once(req, 'response')) as [http.IncomingMessage]
    res.on('error', () => {}).resume()
    fail()
    expect(((await failed) as [NodeJS.ErrnoException])[0].code).to.match(/^HPE_/)
    await app.idle()
  })

  it('is an error for app.inject', async () => {
    const { app, fail } = failing()
    const answer = app.inject().then(() => 'whole', () => 'failed')
    while (app.inflight.size === 0) await new Promise(setImmediate)
    fail()
    expect(await answer).to.equal('failed')
    await app.idle()
  })

  for (const [kind, open] of Object.entries<(app: App) => Promise<{ server: Server; connect: () => net.Socket }>>({
    'over TLS': async (app) => {
      const server = app.attach(https.createServer(certificate)).listen(0)
      const port = await serve(app, server)
      return { server, connect: () => tls.connect({ port, rejectUnauthorized: false }) }
    },
    'over a unix socket': async (app) => {
      const path = join(tmpdir(), `ebb-refuse-${process.pid}.sock`)
      const server = app.listen(path)
      await serve(app, server)
      return { server, connect: () => net.connect(path) }
    },
  })) {
    it(`shows that it is no whole one ${kind}, where nothing can be reset`, async () => {
      const { app, fail } = failing()
      const { connect } = await open(app)
      const client = new Client(connect()).send(GET)
      await client.sees('begun')
      fail()
      await client.sees('!\r\n')
      expect(await client.all()).to.match(/begun\r\n[0-9A-F]{17,}!\r\n$/).and.not.to.match(END)
    })
  }

  it('reaches a client that reads slowly up to where it failed', async () => {
    const app = new App()
    app.silent = true
    const size = 6_000_000 // more than the kernel holds
    app.use((ctx) => {
      ctx.body = Readable.from((async function* () {
        for (let sent = 0; sent < size; sent += 100_000) yield 'x'.repeat(100_000)
        throw new Error('disk gone')
      })())
    })
    const failed = once(app, 'error')
    const client = new Client(await serve(app)).send(GET)
    await client.sees('xxx')
    client.socket.pause()
    await new Promise(setImmediate)
    client.socket.resume()
    await failed
    const text = await client.all()
    expect(text).to.match(/!\r\n$/)
    expect(text.match(/x/g)).to.have.length(size)
  })

  it('is reset once, whoever fails it how often', async () => {
    const app = new App()
    app.silent = true
    const closed: unknown[] = []
    app.use((ctx) => {
      ctx.respond = false
      ctx.res.on('close', () => closed.push(ctx.res.writableFinished))
      ctx.res.write('begun')
      ctx.onerror(new Error('once'))
      ctx.onerror(new Error('twice'))
    })
    const client = new Client(await serve(app)).send(GET)
    expect((await client.all()).match(/!/g)).to.have.length(1)
    await app.idle()
    expect(closed).to.deep.equal([false])
  })
})

describe('an answer that fails while it waits behind another one', () => {
  it('takes nothing from the answer before it, and its connection ends after that one', async () => {
    const app = new App()
    app.silent = true
    const [first, failed] = [gate(), gate()]
    const body = 'x'.repeat(1_000_000)
    app.use(async (ctx) => {
      if (ctx.path === '/first') {
        await first.promise
        ctx.body = body
        return
      }
      ctx.respond = false
      ctx.res.write('begun')
      ctx.onerror(new Error('disk gone'))
      failed.open()
    })
    const client = new Client(await serve(app)).send(GET.replace('/', '/first') + GET)
    await failed.promise
    client.socket.pause()
    first.open()
    await app.idle()
    client.socket.resume()
    const text = await client.all()
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).to.equal(body)
  })
})
