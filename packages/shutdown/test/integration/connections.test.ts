import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { gracefulShutdown, type ShutdownReport } from '../../src'
import { Client } from '../client'
import { Gate, type Kind, kinds, Service } from '../service'

/** What a client does 300 ms into the drain. */
const LATER = 300
/** A round trip (ms) to a far client, and more than half of what an idle connection is given. */
const AFTER_STREAM = 130

/** How handlers say that they keep the connection, as proxies copy it from elsewhere. */
const keepAlive: Record<string, (res: ServerResponse) => void> = {
  'setHeader': (res) => void res.setHeader('connection', 'Keep-Alive').end('ok'),
  'writeHead with an object': (res) => void res.writeHead(200, { CONNECTION: 'keep-alive', 'Keep-Alive': 'timeout=5', 'Content-Length': 2 }).end('ok'),
  'writeHead with a list': (res) => void res.writeHead(200, 'OK', ['Connection', 'keep-alive', 'Content-Length', '2']).end('ok'),
  'the head of an event stream': (res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', Connection: 'keep-alive' }).flushHeaders()
    res.end('data: ok\n\n')
  },
}

/** What others do to `destroy`; each is undone by what it returns. */
const wraps: Record<string, (sockets: Socket[]) => () => void> = {
  'wrapped': (sockets) => {
    for (const socket of sockets) {
      const { destroy } = socket
      socket.destroy = function (...args) {
        return destroy.apply(this, args)
      }
    }
    return () => {}
  },
  'frozen': (sockets) => {
    for (const socket of sockets) Object.defineProperty(socket, 'destroy', { value: socket.destroy })
    return () => {}
  },
  'read-only in its prototype': () => {
    Object.defineProperty(Socket.prototype, 'destroy', { get: () => Duplex.prototype.destroy, configurable: true })
    return () => Reflect.deleteProperty(Socket.prototype, 'destroy')
  },
}

for (const kind of kinds) {
  describe(`connections of a server that stops (${kind})`, () => {
    afterEach(() => Service.stopAll())

    it('a response in flight is delivered whole, says close, and FIN follows at once', async () => {
      const entered = new Gate<ServerResponse>()
      const service = await Service.handle(kind, (_, res) => entered.open(res))
      const client = (await service.connect()).get('/')
      const res = await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      res.end('whole')
      const answer = await client.answer()
      const answered = performance.now()
      expect([answer.status, answer.body, answer.headers['connection']]).to.deep.equal([200, 'whole', 'close'])
      await client.end()
      expect(performance.now() - answered).to.be.below(1_000) // not after keepAliveTimeout
      const report = await stopped
      expect(report).to.include({ clean: true })
      expect(report.requests).to.deep.equal({ finished: 1, aborted: 0, cut: 0 })
      expect(report.connections).to.deep.equal({ idle: 0, drained: 1, destroyed: 0 })
    })

    it('a chunked stream that began before the stop ends whole, and the connection after it', async () => {
      const entered = new Gate<ServerResponse>()
      const service = await Service.handle(kind, (_, res) => entered.open(res))
      const client = (await service.connect()).get('/')
      const res = await entered.opened
      res.write('begun, ')
      while (!client.received.includes('begun')) await once(client.socket, 'data')
      const stopped = service.shutdown.stop()
      await service.draining()
      res.end('ended')
      const answer = await client.answer()
      expect([answer.body, answer.headers['connection']]).to.deep.equal(['begun, ended', 'keep-alive'])
      await client.end()
      expect(await stopped).to.include({ clean: true })
    })

    it(`a request that comes ${AFTER_STREAM} ms after a stream ended is answered, with close`, async () => {
      const entered = new Gate<ServerResponse>()
      const service = await Service.handle(kind, (req, res) => {
        if (req.url === '/stream') entered.open(res)
        else res.end('next')
      })
      const client = (await service.connect()).get('/stream')
      const res = await entered.opened
      res.write('begun')
      const stopped = service.shutdown.stop()
      await service.draining()
      res.end()
      await client.answer()
      await delay(AFTER_STREAM)
      const answer = await client.get('/next').answer()
      expect([answer.body, answer.headers['connection']]).to.deep.equal(['next', 'close'])
      expect(await stopped).to.include({ clean: true })
    })

    it('a response that ends while the accept queue is emptied does not say close, and the next one does', async () => {
      const responses = [new Gate<ServerResponse>(), new Gate<ServerResponse>()]
      let requests = 0
      const service = await Service.handle(kind, (_, res) => responses[requests++]?.open(res))
      const client = (await service.connect()).get('/')
      const first = await (responses[0] as Gate<ServerResponse>).opened
      const stopped = service.shutdown.stop()
      while (service.shutdown.state !== 'draining') await new Promise(setImmediate)
      expect(service.server.listening).to.equal(true)
      first.end('first')
      expect((await client.answer()).headers['connection']).to.equal('keep-alive')
      client.get('/')
      await service.draining()
      const second = await (responses[1] as Gate<ServerResponse>).opened
      second.end('second')
      expect((await client.answer()).headers['connection']).to.equal('close')
      expect((await stopped).requests).to.deep.equal({ finished: 2, aborted: 0, cut: 0 })
    })

    for (const [how, answerWith] of Object.entries(keepAlive)) {
      it(`a response says close although its handler has it say keep-alive (${how})`, async () => {
        const entered = new Gate<ServerResponse>()
        const service = await Service.handle(kind, (_, res) => entered.open(res))
        const client = (await service.connect()).get('/')
        const res = await entered.opened
        const stopped = service.shutdown.stop()
        await service.draining()
        answerWith(res)
        expect((await client.answer()).headers['connection']).to.equal('close')
        const answered = performance.now()
        await client.end()
        expect(performance.now() - answered).to.be.below(1_000)
        expect(client.received).not.to.match(/keep-alive/i)
        expect(await stopped).to.include({ clean: true })
      })
    }

    for (const when of ['before', 'after']) {
      it(`a request that another listener of the server answers, which came ${when} the stop, is a request in flight`, async () => {
        const service = await Service.handle(kind, (_, res) => res.end('ok'))
        const others = new Gate<ServerResponse>()
        const own = service.server.listeners('request')
        const other = (req: IncomingMessage, res: ServerResponse) => {
          if (req.url === '/other') others.open(res)
          else for (const listener of own) listener.call(service.server, req, res)
        }
        service.server.removeAllListeners('request').on('request', other)
        const client = await service.connect()
        await client.get('/').answer()
        if (when === 'before') await Promise.all([client.get('/other'), others.opened])
        const stopped = service.shutdown.stop()
        if (when === 'after') client.get('/other')
        await service.draining()
        const res = await others.opened
        await delay(LATER)
        res.end('late')
        const answer = await client.answer()
        expect([answer.body, answer.headers['connection']]).to.deep.equal(['late', 'close'])
        const report = await stopped
        expect(report).to.include({ clean: true })
        expect(report.requests).to.deep.equal({ finished: 1, aborted: 0, cut: 0 })
      })
    }

    it('a request that another listener of the server leaves unanswered is answered 503 at the cut, and named', async () => {
      const service = await Service.handle(kind, () => {}, { timeout: 1_000 })
      const others = new Gate()
      service.server.removeAllListeners('request').on('request', () => others.open())
      const client = (await service.connect()).get('/other?secret')
      await others.opened
      const report = await service.shutdown.stop()
      expect((await client.answer()).status).to.equal(503)
      expect(report.requests.cut).to.equal(1)
      expect(report.blockers[0]).to.include({ method: 'GET', path: '/other' })
    })

    it('a request that is sent in the instant after a stream ended is answered, with close', async () => {
      const entered = new Gate<ServerResponse>()
      const service = await Service.handle(kind, (req, res) => {
        if (req.url === '/stream') entered.open(res)
        else res.end('next')
      })
      const client = (await service.connect()).get('/stream')
      const res = await entered.opened
      res.write('begun')
      const stopped = service.shutdown.stop()
      await service.draining()
      res.end()
      await client.answer()
      const answer = await client.get('/next').answer()
      expect([answer.body, answer.headers['connection']]).to.deep.equal(['next', 'close'])
      expect(await stopped).to.include({ clean: true })
    })

    it('an idle connection ends soon, and serves a request that arrives before', async () => {
      const service = await Service.handle(kind, (_, res) => res.end('ok'))
      const [idle, straggler] = [await service.connect(), await service.connect()]
      for (const client of [idle, straggler]) expect((await client.get('/').answer()).headers['connection']).to.equal('keep-alive')
      const stopped = service.shutdown.stop()
      await service.draining()
      const told = performance.now()
      const answer = await straggler.get('/').answer()
      expect([answer.status, answer.headers['connection']]).to.deep.equal([200, 'close'])
      await idle.end()
      expect(performance.now() - told).to.be.within(200, 1_500)
      expect((await stopped).connections).to.deep.equal({ idle: 1, drained: 1, destroyed: 0 })
    })

    it('requests pipelined behind a running one before the drain are all answered, the last with close', async () => {
      const [entered, release] = [new Gate(), new Gate()]
      const service = await Service.handle(kind, async (req, res) => {
        entered.open()
        await release.opened
        res.end(req.url)
      })
      const client = (await service.connect()).get('/1').get('/2').get('/3')
      await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      release.open()
      const answers = [await client.answer(), await client.answer(), await client.answer()]
      expect(answers.map(({ body, headers }) => [body, headers['connection']])).to.deep.equal([
        ['/1', 'keep-alive'],
        ['/2', 'keep-alive'],
        ['/3', 'close'],
      ])
      expect((await stopped).requests.finished).to.equal(3)
    })

    it('a request pipelined behind a running one during the drain is answered, and says close instead of it', async () => {
      const responses = new Map<string, Gate<ServerResponse>>([['/1', new Gate()], ['/2', new Gate()]])
      const service = await Service.handle(kind, (req, res) => responses.get(req.url as string)?.open(res))
      const client = (await service.connect()).get('/1')
      const first = await (responses.get('/1') as Gate<ServerResponse>).opened
      const stopped = service.shutdown.stop()
      await service.draining()
      client.get('/2')
      const second = await (responses.get('/2') as Gate<ServerResponse>).opened
      first.end('one')
      second.end('two')
      const answers = [await client.answer(), await client.answer()]
      expect(answers.map(({ body, headers }) => [body, headers['connection']])).to.deep.equal([['one', 'keep-alive'], ['two', 'close']])
      expect(await stopped).to.include({ clean: true })
    })

    it('a request behind a response that has said close is not run', async () => {
      const handled: string[] = []
      const [slow, quick] = [new Gate<ServerResponse>(), new Gate()]
      const service = await Service.handle(kind, (req, res) => {
        handled.push(req.url as string)
        if (req.url === '/slow') return slow.open(res)
        res.end('quick')
        quick.open()
      })
      const client = (await service.connect()).get('/slow')
      const res = await slow.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      client.get('/quick')
      await quick.opened
      const { bytesRead } = res.socket as Socket
      client.get('/third')
      while (res.socket?.bytesRead === bytesRead) await new Promise(setImmediate)
      res.end('slow')
      expect([(await client.answer()).body, (await client.answer()).body]).to.deep.equal(['slow', 'quick'])
      await client.end()
      client.socket.destroy()
      const report = await stopped
      expect(report).to.include({ clean: true })
      expect(report.requests.finished).to.equal(2)
      expect(handled).to.deep.equal(['/slow', '/quick'])
    })

    it('30 pipelined requests are answered without a warning', async () => {
      const warnings: Error[] = []
      const warned = (warning: Error) => warnings.push(warning)
      process.on('warning', warned)
      const [entered, release] = [new Gate(), new Gate()]
      const service = await Service.handle(kind, async (req, res) => {
        entered.open()
        await release.opened
        res.end(req.url)
      })
      const client = await service.connect()
      for (let n = 0; n < 30; n++) client.get(`/${n}`)
      await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      release.open()
      for (let n = 0; n < 30; n++) expect((await client.answer()).body).to.equal(`/${n}`)
      expect((await stopped).requests.finished).to.equal(30)
      process.off('warning', warned)
      expect(warnings).to.deep.equal([])
    })

    for (const connection of ['fresh', 'used']) {
      it(`a head that was half sent on a ${connection} connection and completes ${LATER} ms into the drain is answered`, async () => {
        const service = await Service.handle(kind, (_, res) => res.end('ok'))
        const client = await service.connect()
        if (connection === 'used') await client.get('/').answer()
        client.send('GET / HTTP/1.1\r\nHo')
        await (await (await service.connect()).get('/', 'Connection: close\r\n')).answer() // so it has been read
        const stopped = service.shutdown.stop()
        await service.draining()
        await delay(LATER)
        client.send('st: x\r\n\r\n')
        const answer = await client.answer()
        expect([answer.status, answer.headers['connection']]).to.deep.equal([200, 'close'])
        expect(await stopped).to.include({ clean: true })
      })
    }

    it(`a head whose first bytes came in one packet with a request that is answered, and that completes ${LATER} ms into the drain, is answered`, async () => {
      const service = await Service.handle(kind, (req, res) => res.end(req.url))
      const client = (await service.connect()).send('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHo')
      await client.answer()
      const stopped = service.shutdown.stop()
      await service.draining()
      await delay(LATER)
      const answer = await client.send('st: x\r\n\r\n').answer()
      expect([answer.body, answer.headers['connection']]).to.deep.equal(['/2', 'close'])
      expect(await stopped).to.include({ clean: true })
    })

    for (const [how, wrap] of Object.entries(wraps)) {
      it(`connections whose destroy is ${how} have their time, too`, async () => {
        const service = await Service.handle(kind, (_, res) => res.end('ok'))
        const sockets: Socket[] = []
        service.server.on(kind.startsWith('https') ? 'secureConnection' : 'connection', (socket: Socket) => sockets.push(socket))
        const [idle, half, used] = [await service.connect(), await service.connect(), await service.connect()]
        for (const client of [idle, half, used]) await client.get('/').answer()
        const restore = wrap(sockets)
        try {
          half.send('GET / HT')
          await used.get('/').answer()
          const stopped = service.shutdown.stop()
          await service.draining()
          await delay(LATER)
          const answer = await half.send('TP/1.1\r\nHost: x\r\n\r\n').answer()
          expect([answer.status, answer.headers['connection']]).to.deep.equal([200, 'close'])
          await Promise.all([idle.end(), used.end()])
          expect(await stopped).to.include({ clean: true })
        } finally {
          restore()
        }
      })
    }

    for (const when of ['before', 'in']) {
      it(`a connection whose upload was answered early is idle once its body has come ${when} the drain`, async () => {
        const service = await Service.handle(kind, (_, res) => res.end('early'))
        const [client, half] = [await service.connect(), await service.connect()]
        await client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo').answer()
        half.send('GET / HT')
        const body = async () => {
          client.send('dy')
          await (await (await service.connect()).get('/', 'Connection: close\r\n')).answer() // so it has been read
        }
        if (when === 'before') await body()
        const stopped = service.shutdown.stop()
        await service.draining()
        if (when === 'in') client.send('dy')
        const ends: string[] = []
        await Promise.all([client.end().then(() => ends.push('idle')), half.end().then(() => ends.push('half'))])
        expect(ends).to.deep.equal(['idle', 'half'])
        expect(await stopped).to.include({ clean: true })
      })
    }

    it(`a head that was half sent behind a running stream and completes ${LATER} ms after its end is answered`, async () => {
      const entered = new Gate<ServerResponse>()
      const service = await Service.handle(kind, (req, res) => {
        if (req.url === '/stream') entered.open(res)
        else res.end('next')
      })
      const client = (await service.connect()).get('/stream')
      const res = await entered.opened
      res.write('begun')
      const stopped = service.shutdown.stop()
      await service.draining()
      client.send('GET /next HTTP/1.1\r\nHo')
      await delay(50) // it is read by now
      res.end()
      await client.answer()
      await delay(LATER)
      const answer = await client.send('st: x\r\n\r\n').answer()
      expect([answer.body, answer.headers['connection']]).to.deep.equal(['next', 'close'])
      expect(await stopped).to.include({ clean: true })
    })

    it('connections that are silent, or whose head never completes, hold the stop no longer than their share', async () => {
      const service = await Service.handle(kind, (_, res) => res.end('ok'), { timeout: 60_000 })
      const [silent, half] = [await service.connect(), await service.connect()]
      half.send('GET / HT')
      await (await (await service.connect()).get('/', 'Connection: close\r\n')).answer()
      const report = await service.shutdown.stop()
      await Promise.all([silent.end(), half.end()])
      expect(report).to.include({ clean: true })
      expect(report.requests).to.deep.equal({ finished: 0, aborted: 0, cut: 0 })
      expect(report.phases.drain).to.be.below(6_000)
    })

    it('new connections are refused in the drain', async () => {
      const entered = new Gate<ServerResponse>()
      const service = await Service.handle(kind, (_, res) => entered.open(res))
      const { port } = service
      const client = (await service.connect()).get('/')
      const res = await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      const error = await Client.connect(port).catch((thrown: NodeJS.ErrnoException) => thrown)
      expect((error as NodeJS.ErrnoException).code).to.equal('ECONNREFUSED')
      res.end()
      await client.answer()
      await stopped
    })

    it('an upload in progress is read to its end and answered', async () => {
      const entered = new Gate()
      const service = await Service.handle(kind, async (req, res) => {
        entered.open()
        res.end(`${await lengthOf(req)} bytes`)
      })
      const client = (await service.connect()).send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n').send('x'.repeat(100_000))
      await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      client.send('x'.repeat(100_000))
      const answer = await client.answer()
      expect([answer.body, answer.headers['connection']]).to.deep.equal(['200000 bytes', 'close'])
      expect(await stopped).to.include({ clean: true })
    })

    it('a body that is sent after 100 Continue in the drain is read and answered', async () => {
      const entered = new Gate()
      const service = await Service.handle(kind, async (req, res) => {
        entered.open()
        res.end(`${await lengthOf(req)} bytes`)
      })
      const client = (await service.connect()).send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
      await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      while (!client.received.includes('100 Continue')) await once(client.socket, 'data')
      client.send('hello')
      expect((await client.answer()).body).to.equal('5 bytes')
      expect(await stopped).to.include({ clean: true })
    })

    it('an early answer to an upload that is still being sent can be read whole', async () => {
      const entered = new Gate<[IncomingMessage, ServerResponse]>()
      const service = await Service.handle(kind, (req, res) => entered.open([req, res]))
      const client = (await service.connect()).send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n').send('x'.repeat(1_000_000))
      const [, res] = await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      res.statusCode = 401
      res.end('n'.repeat(100_000))
      // a client that reads its answer only once all is sent, as most do
      client.socket.pause()
      await new Promise<void>((resolve) => void client.socket.write('x'.repeat(7_000_000), () => resolve()))
      client.socket.resume()
      const answer = await client.answer()
      expect([answer.status, answer.body.length, answer.headers['connection']]).to.deep.equal([401, 100_000, 'close'])
      await client.end()
      expect(client.error).to.equal(undefined)
      expect(await stopped).to.include({ clean: true })
    })

    it('a response that has begun and never ends is reset at the cut, so that it does not look whole', async () => {
      const service = await Service.handle(kind, (_, res) => void res.write('begun'), { timeout: 1_000 })
      const client = (await service.connect()).get('/')
      while (!client.received.includes('begun')) await once(client.socket, 'data')
      const report = await service.shutdown.stop()
      expect(report.requests.cut).to.equal(1)
      expect(report.connections.destroyed).to.equal(1)
      await client.end()
      // Bytes that no chunk can begin with; behind them Linux gives a reader EOF for a reset.
      expect(client.received).to.match(/begun\r\nf+!\r\n$/)
    })

    it('a response with a length that has begun and never ends is reset at the cut', async () => {
      const service = await Service.handle(kind, (_, res) => void res.writeHead(200, { 'Content-Length': 100 }).write('begun'), { timeout: 1_000 })
      const client = (await service.connect()).get('/')
      while (!client.received.includes('begun')) await once(client.socket, 'data')
      await service.shutdown.stop()
      await client.end()
      expect(client.received).to.match(/begun$/)
      if (!kind.startsWith('https')) expect(client.error?.code).to.equal('ECONNRESET')
    })

    if (!kind.startsWith('https')) { // fetch cannot be told to trust the certificate
      it('a response in chunks that said close and is cut is an error to fetch', async () => {
        const service = await Service.handle(kind, (_, res) => void res.write('begun'), { timeout: 2_000, delay: 1_000 })
        const stopped = service.shutdown.stop()
        const res = await fetch(`http://localhost:${service.port}/`)
        expect(res.headers.get('connection')).to.equal('close')
        const read = res.text().catch((error: unknown) => error)
        await stopped
        expect(await read).to.be.instanceOf(TypeError)
      })
    }

    it('a request that is unanswered at the cut is answered 503', async () => {
      const entered = new Gate()
      const service = await Service.handle(kind, () => entered.open(), { timeout: 1_000 })
      const client = (await service.connect()).get('/')
      await entered.opened
      const report = await service.shutdown.stop()
      const answer = await client.answer()
      expect([answer.status, answer.headers['connection'], answer.headers['content-type']]).to.deep.equal([503, 'close', 'application/problem+json'])
      expect(report.requests.cut).to.equal(1)
    })

    it('a client that leaves in the drain is no stuck request', async () => {
      const entered = new Gate<ServerResponse>()
      const service = await Service.handle(kind, (_, res) => entered.open(res), { timeout: 60_000 })
      const client = (await service.connect()).get('/')
      const res = await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      client.socket.destroy()
      await once(res, 'close')
      const report = await stopped
      expect(report).to.include({ clean: true })
      expect(report.requests).to.deep.equal({ finished: 0, aborted: 0, cut: 0 })
    })

    it('garbage in the drain is answered 400 or closed, and stops nothing', async () => {
      const service = await Service.handle(kind, (_, res) => res.end('ok'))
      const clients = [await service.connect(), await service.connect(), await service.connect()]
      const stopped = service.shutdown.stop()
      await service.draining()
      clients[0]?.send('\0\x01\x02 no http \r\n\r\n')
      clients[1]?.send(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`)
      clients[2]?.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n')
      await Promise.all(clients.map((client) => client.end()))
      expect(clients.slice(0, 2).map(({ received }) => received.slice(0, 12))).to.deep.equal(['HTTP/1.1 400', 'HTTP/1.1 431'])
      expect(await stopped).to.include({ clean: true })
    })

    it('a response that is ended reaches a slow reader whole', async () => {
      const { client, body, stopped } = await ended(kind, 12_000_000)
      let read = 0
      client.socket.on('data', (text: string) => {
        if ((read += text.length) < 1_000_000) return
        read = 0
        client.socket.pause()
        setTimeout(() => client.socket.resume(), 50)
      })
      client.socket.resume()
      expect((await client.answer()).body.length).to.equal(body)
      expect(await stopped).to.include({ clean: true })
    })

    it('a response that is ended reaches a reader that pauses whole', async () => {
      const { client, body, stopped } = await ended(kind, 32_000_000)
      client.socket.pause()
      await delay(1_500)
      client.socket.resume()
      expect((await client.answer()).body.length).to.equal(body)
      expect(await stopped).to.include({ clean: true })
    })

    it('a response that is never read is cut at the deadline', async () => {
      const { stopped, client } = await ended(kind, 32_000_000, { timeout: 2_000 })
      client.socket.pause()
      const report = await stopped
      expect(report.requests.cut).to.equal(1)
      expect(report.connections.destroyed).to.equal(1)
      expect(report.blockers[0]).to.include({ method: 'GET', path: '/' })
      client.socket.resume()
      await client.end()
      // Linux gives EOF, not ECONNRESET, to a reader that had unread data when the reset came: it can tell by the length
      expect(client.received.length).to.be.below(32_000_000)
    })
  })
}

if (process.platform !== 'win32') {
  describe('connections of a server on a unix socket that stops', () => {
    afterEach(() => Client.closeAll())

    it('break a response in chunks that has begun and never ends, so that it does not look whole', async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'ebb-'))
      const socket = path.join(folder, 'web.sock')
      const server = createServer((_, res) => void res.write('begun')).listen(socket)
      await once(server, 'listening')
      const shutdown = gracefulShutdown(server, { exit: false, signals: false, logger: false, timeout: 1_000 })
      const client = (await Client.connect({ path: socket })).get('/')
      while (!client.received.includes('begun')) await once(client.socket, 'data')
      expect((await shutdown.stop()).requests.cut).to.equal(1)
      await client.end()
      expect(client.received).to.match(/begun\r\nf+!\r\n$/)
      rmSync(folder, { recursive: true })
    })
  })
}

/** A service whose response has been ended before its stop began, and is longer than what the kernel buffers. */
async function ended(kind: Kind, body: number, options = {}): Promise<{ client: Client; body: number; stopped: Promise<ShutdownReport> }> {
  const entered = new Gate()
  const service = await Service.handle(
    kind,
    (_, res) => {
      res.writeHead(200, { 'Content-Length': body })
      res.end(Buffer.concat([Buffer.alloc(body - 3, 'x'), Buffer.from('end')]))
      entered.open()
    },
    { timeout: 20_000, ...options },
  )
  const client = await service.connect()
  client.socket.pause()
  client.get('/')
  await entered.opened
  const stopped = service.shutdown.stop()
  await service.draining()
  return { client, body, stopped }
}

async function lengthOf(req: IncomingMessage): Promise<number> {
  let length = 0
  for await (const chunk of req) length += (chunk as Buffer).length
  return length
}
