import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import { type Stoppable } from '../../src'
import { type Client } from '../client'
import { Gate, Service } from '../service'

type Handler = (path: string) => Promise<string> | string

const frameworks: Record<string, (handler: Handler) => Promise<[Stoppable, Server]>> = {
  'node:http': async (handler) => {
    const server = createServer((req, res) => void Promise.resolve(handler(req.url as string)).then((body) => res.end(body)))
    return [server, server.listen(0, '127.0.0.1')]
  },
  Koa: async (handler) => {
    const app = new Koa()
    app.use(async (ctx) => {
      ctx.body = await handler(ctx.path)
    })
    const server = app.listen(0, '127.0.0.1')
    return [server, server]
  },
  Express: async (handler) => {
    const app = express()
    app.use((req, res) => void Promise.resolve(handler(req.path)).then((body) => res.send(body)))
    const server = app.listen(0, '127.0.0.1')
    return [server, server]
  },
  Fastify: async (handler) => {
    const app = fastify()
    app.get('*', (req) => handler(req.url))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return [app, app.server]
  },
}

for (const [name, create] of Object.entries(frameworks)) {
  describe(`a server of ${name} that stops`, () => {
    afterEach(() => Service.stopAll())

    const serve = async (handler: Handler, options = {}) => Service.of(...(await create(handler)), options)

    it('finishes what runs, with close, and cleans up after it', async () => {
      const [entered, gate] = [new Gate(), new Gate<string>()]
      const service = await serve(() => (entered.open(), gate.opened))
      const order: string[] = []
      service.shutdown.onCleanup('db', () => order.push('db'))
      const client = (await service.connect()).get('/')
      await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      order.push('answered')
      gate.open('whole')
      const answer = await client.answer()
      expect([answer.status, answer.body, answer.headers['connection']]).to.deep.equal([200, 'whole', 'close'])
      expect(await stopped).to.include({ clean: true })
      expect(order).to.deep.equal(['answered', 'db'])
    })

    it('loses nothing of 32 keep-alive clients in a closed loop', async () => {
      const service = await serve(() => 'ok')
      let answered = 0
      const underLoad = new Gate()
      const loop = async () => {
        const client = await service.connect()
        for (let closes = false; !closes; ) {
          const { status, headers } = await client.get('/').answer()
          expect(status).to.equal(200)
          closes = headers['connection'] === 'close'
          if (++answered === 200) underLoad.open()
        }
      }
      const clients = Array.from({ length: 32 }, loop)
      await underLoad.opened
      const stopped = service.shutdown.stop()
      await Promise.all(clients)
      const report = await stopped
      expect(report).to.include({ clean: true })
      expect(report.connections.destroyed).to.equal(0)
    })

    it('rejects late requests with 503 if asked to, before its handlers', async () => {
      const handled: string[] = []
      const [entered, gate] = [new Gate(), new Gate<string>()]
      const service = await serve(
        (path) => {
          handled.push(path)
          if (path !== '/slow') return 'ok'
          entered.open()
          return gate.opened
        },
        { late: 'reject' },
      )
      const [slow, late] = [(await service.connect()).get('/slow'), await service.connect()]
      await late.get('/early').answer()
      await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      expect((await late.get('/late').answer()).status).to.equal(503)
      gate.open('ok')
      expect((await slow.answer()).status).to.equal(200)
      await stopped
      expect(handled).to.deep.equal(['/slow', '/early'])
    })

    it('answers a handler that hangs with 503 at the cut', async () => {
      const entered = new Gate()
      const service = await serve(() => (entered.open(), new Promise<string>(() => {})), { timeout: 1_000 })
      const client = (await service.connect()).get('/hang')
      await entered.opened
      const report = await service.shutdown.stop()
      expect((await client.answer()).status).to.equal(503)
      expect(report.blockers[0]).to.include({ method: 'GET', path: '/hang' })
    })
  })
}

describe('a server that stops', () => {
  afterEach(() => Service.stopAll())

  it('asks late itself per request, and serves when it throws', async () => {
    const [entered, gate] = [new Gate(), new Gate<string>()]
    const service = await Service.start(
      async (ctx) => {
        if (ctx.path === '/slow') entered.open()
        ctx.body = ctx.path === '/slow' ? await gate.opened : 'ok'
      },
      {
        late: ({ req }) => {
          if (req.url === '/throws') throw new Error('a bug')
          return req.url === '/reads' ? 'serve' : 'reject'
        },
      },
    )
    const clients = await Promise.all([0, 1, 2].map(() => service.connect()))
    const slow = (await service.connect()).get('/slow')
    await entered.opened
    const stopped = service.shutdown.stop()
    await service.draining()
    const answers = await Promise.all(['/reads', '/writes', '/throws'].map((path, index) => (clients[index] as Client).get(path).answer()))
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 503, 200])
    gate.open('ok')
    await slow.answer()
    await stopped
  })

  it('as a net server waits for its sockets to end, and ends them at the abort', async () => {
    const accepted = new Gate<Socket>()
    const server = createTcpServer((socket) => {
      socket.on('error', () => {})
      accepted.open(socket)
    })
    const service = await Service.of(server, server.listen(0, '127.0.0.1'), { timeout: 1_500 })
    const client = await service.connect()
    client.send('hello')
    await accepted.opened
    const report = await service.shutdown.stop()
    await client.end()
    expect(report).to.include({ clean: true })
  })

  it('runs a checkContinue listener of its own behind the same gate', async () => {
    const [entered, gate] = [new Gate(), new Gate()]
    const server = createServer((_, res) => res.end('ok'))
    const service = await Service.of(server, server.listen(0, '127.0.0.1'))
    server.on('checkContinue', async (req, res) => {
      entered.open()
      await gate.opened
      res.writeContinue()
      await once(req.resume(), 'end')
      res.end('continued')
    })
    const client = (await service.connect()).send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
    await entered.opened
    const stopped = service.shutdown.stop()
    await service.draining()
    await delay(1_200) // past the share of half-sent heads: it is in flight
    gate.open()
    while (!client.received.includes('100 Continue')) await once(client.socket, 'data')
    client.send('hello')
    const answer = await client.answer()
    expect([answer.status, answer.body, answer.headers['connection']]).to.deep.equal([200, 'continued', 'close'])
    const report = await stopped
    expect(report.requests).to.deep.equal({ finished: 1, aborted: 0, cut: 0 })
  })
})

describe('a server that listens with a signal', () => {
  afterEach(() => Service.stopAll())

  for (const kind of ['App', 'node:http'] as const) {
    it(`stops when the signal aborts, and loses neither what runs nor what is on its way (${kind})`, async () => {
      const [closing, entered, release] = [new AbortController(), new Gate(), new Gate()]
      const app = new App()
      app.use(async (ctx) => {
        entered.open()
        await release.opened
        ctx.body = 'whole'
      })
      const server = kind === 'App' ? app.listen({ port: 0, host: '127.0.0.1', signal: closing.signal }) : createServer(app.callback() as RequestListener)
      if (kind !== 'App') server.listen({ port: 0, host: '127.0.0.1', signal: closing.signal })
      const service = await Service.of(kind === 'App' ? app : server, server)
      const [busy, idle] = [(await service.connect()).get('/'), await service.connect()]
      await entered.opened
      closing.abort()
      expect(service.shutdown.state).to.equal('stopping')
      idle.get('/late')
      await service.draining()
      expect(server.listening).to.equal(false)
      release.open()
      expect([(await busy.answer()).body, (await idle.answer()).body]).to.deep.equal(['whole', 'whole'])
      expect(await service.shutdown.stop()).to.include({ reason: 'listen was aborted', clean: true })
      expect(Object.hasOwn(server, 'close')).to.equal(false)
    })
  }
})
