import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import http2, { type ClientHttp2Session, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo } from 'node:net'
import { expect } from 'chai'
import { type RequestBlocker } from '../src'
import { PlainTarget } from '../src/plain-target'
import { type Exchange } from '../src/target'
import { Client } from './client'
import { certificate, Gate, Service } from './service'

describe('a plain target', () => {
  const server = createServer()
  const target = new PlainTarget(server)
  let client: Client

  beforeEach(async () => {
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
    client = await Client.connect((server.address() as AddressInfo).port)
  })
  afterEach(() => {
    server.removeAllListeners('test')
    Client.closeAll()
  })
  after(() => void server.close())

  it('records connections and requests in flight until their response is closed', async () => {
    const entered = new Promise<[IncomingMessage, ServerResponse]>((resolve) => server.once('request', (...args) => resolve(args)))
    client.get('/path')
    const [req, res] = await entered
    expect([target.connections.size, target.inflight.size]).to.deep.equal([1, 1])
    const [exchange] = target.inflight
    expect([exchange?.req, exchange?.res, exchange?.phase]).to.deep.equal([req, res, 'handler'])
    res.write('x')
    expect(exchange?.phase).to.equal('response')
    let idle = false
    const waiting = target.idle().then(() => (idle = true))
    await new Promise(setImmediate)
    expect(idle).to.equal(false)
    res.end()
    await waiting
    expect(target.inflight.size).to.equal(0)
  })

  it('counts a request whose client leaves as ended', async () => {
    const entered = once(server, 'request')
    client.get('/').get('/') // the second is queued behind the first
    const [req] = (await entered) as [IncomingMessage]
    client.socket.destroy()
    await once(req.socket, 'close')
    await target.idle()
    expect(target.inflight.size).to.equal(0)
  })

  it('holds requests before their listeners once it has taken over, and calls these in order, once ones once', async () => {
    const calls: string[] = []
    server.once('request', () => calls.push('once'))
    server.on('request', function (this: unknown, req: IncomingMessage, res: ServerResponse) {
      expect(this).to.equal(server)
      calls.push(`always ${req.url}`)
      res.end('ok')
    })
    target.takeOver()
    target.takeOver()
    const release = [target.hold(), target.hold()]
    client.get('/1').get('/2')
    while (target.inflight.size < 2) await once(server, 'request')
    release[0]?.()
    release[0]?.()
    expect(calls).to.deep.equal([])
    release[1]?.()
    expect(calls).to.deep.equal(['once', 'always /1', 'always /2'])
    await client.answer()
    await client.answer()
  })

  it('answers 503 to what a stop does not admit', async () => {
    const first = target.beginStop({ cause: 'test', abortAt: Infinity, admit: ({ req }) => req.url !== '/refused' })
    expect(target.beginStop({ cause: 'again', abortAt: 0, admit: () => false })).to.equal(first)
    expect((await client.get('/admitted').answer()).status).to.equal(200)
    const { status, body } = await client.get('/refused').answer()
    expect([status, JSON.parse(body).detail]).to.deep.equal([503, 'The server is stopping (test)'])
  })
})

describe('a plain target whose listener throws', () => {
  it('answers the requests that were held beside, and leaves the error as uncaught as ever', async () => {
    const server = createServer((req, res) => {
      if (req.url === '/throws') throw new Error('a bug in the listener')
      res.end('ok')
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const target = new PlainTarget(server)
    target.takeOver()
    const release = target.hold()
    const clients = await Promise.all(['/throws', '/a', '/b'].map(async (path) => (await Client.connect((server.address() as AddressInfo).port)).get(path)))
    while (target.inflight.size < clients.length) await new Promise(setImmediate)

    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const thrown = once(process, 'uncaughtException')
    release()
    const [error] = (await thrown) as [Error]
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(error.message).to.equal('a bug in the listener')
    for (const client of clients.slice(1)) expect((await client.answer()).body).to.equal('ok')
    Client.closeAll()
    target.release()
    server.close()
  })
})

describe('a plain target of HTTP/2', () => {
  const clients: ClientHttp2Session[] = []
  const servers: http2.Http2Server[] = []
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    for (const server of servers.splice(0)) server.close()
    Client.closeAll()
    await Service.stopAll()
  })

  async function connect(server: http2.Http2Server): Promise<ClientHttp2Session> {
    servers.push(server)
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    client.on('error', () => {})
    clients.push(client)
    await once(client, 'remoteSettings')
    return client
  }

  async function answer(stream: http2.ClientHttp2Stream): Promise<[status: unknown, body: string]> {
    let body = ''
    stream.setEncoding('utf8').on('data', (text: string) => (body += text))
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    await once(stream, 'close')
    return [headers[':status'], body]
  }

  it("leaves a server with only 'stream' listeners to these: trailers and CONNECT work", async () => {
    const server = http2.createServer()
    server.on('stream', (stream, headers) => {
      if (headers[':method'] === 'CONNECT') {
        stream.respond()
        stream.pipe(stream)
        return
      }
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end('hello')
    })
    await Service.of(server, server.listen(0, '127.0.0.1'))
    const client = await connect(server)
    const call = client.request({ ':path': '/' })
    const trailers = once(call, 'trailers')
    expect(await answer(call)).to.deep.equal([200, 'hello'])
    expect(((await trailers) as [Record<string, unknown>])[0]['grpc-status']).to.equal('0')
    const tunnel = client.request({ ':method': 'CONNECT', ':authority': 'example.com:80' })
    tunnel.end('through')
    expect(await answer(tunnel)).to.deep.equal([200, 'through'])
  })

  it('answers in the drain what arrived before it, with trailers, and counts it', async () => {
    const gate = new Gate()
    const server = http2.createServer()
    server.on('stream', (stream) => {
      void gate.opened.then(() => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        stream.end('hello')
      })
    })
    const service = await Service.of(server, server.listen(0, '127.0.0.1'))
    const client = await connect(server)
    const entered = once(server, 'stream')
    const call = client.request({ ':path': '/call?x=1' })
    const trailers = once(call, 'trailers')
    await entered
    expect(service.shutdown.inflight()).to.have.length(1)
    expect(service.shutdown.inflight()[0]).to.include({ method: 'GET', path: '/call', phase: 'handler' })
    const stopped = service.shutdown.stop()
    await service.draining()
    gate.open()
    expect(await answer(call)).to.deep.equal([200, 'hello'])
    await trailers
    expect((await stopped).requests).to.deep.equal({ finished: 1, aborted: 0, cut: 0 })
  })

  for (const [when, uses] of [
    ['before', (server: http2.Http2Server, add: () => void) => (add(), new PlainTarget(server))],
    ['after', (server: http2.Http2Server, add: () => void) => {
      const target = new PlainTarget(server)
      add()
      return target
    }],
  ] as const) {
    it(`records streams once of a server whose 'request' listener was added ${when}, beside one of 'stream'`, async () => {
      const server = http2.createServer()
      const told: string[] = []
      const gate = new Gate()
      const target = uses(server, () => {
        server.on('request', (req, res: Http2ServerResponse) => {
          told.push(`request ${req.url}`)
          void gate.opened.then(() => res.end('ok'))
        })
        server.on('stream', () => told.push('stream'))
      })
      const client = await connect(server)
      const entered = once(server, 'stream')
      const answered = answer(client.request({ ':path': '/' }))
      await entered
      expect([target.inflight.size, target.sessions.size]).to.deep.equal([1, 1])
      gate.open()
      expect(await answered).to.deep.equal([200, 'ok'])
      await target.idle()
      expect(told).to.deep.equal(['request /', 'stream'])
      target.release()
      expect(server.listeners('request')).to.have.length(1)
    })
  }

  it('records requests of HTTP/1 on a server of both', async () => {
    const server = http2.createSecureServer({ ...certificate, allowHTTP1: true })
    const target = new PlainTarget(server)
    server.on('request', (_req, res: Http2ServerResponse) => {
      expect(target.inflight.size).to.equal(1)
      res.end('ok')
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = await Client.secure((server.address() as AddressInfo).port)
    expect((await client.get('/').answer()).body).to.equal('ok')
    await target.idle()
    server.close()
  })

  it('holds streams once it has taken over, with their trailers, and forgets one whose client left', async () => {
    const server = http2.createServer()
    const told: string[] = []
    server.once('stream', (_stream, headers) => told.push(`once ${headers[':path']}`))
    server.on('stream', function (this: unknown, stream: ServerHttp2Stream, headers) {
      expect(this).to.equal(server)
      told.push(`always ${headers[':path']}`)
      stream.on('trailers', (trailers: Record<string, unknown>) => told.push(`trailers ${trailers['x-sum']}`))
      stream.respond()
      stream.end('ok')
    })
    const target = new PlainTarget(server)
    target.takeOver()
    const release = target.hold()
    const client = await connect(server)
    const call = client.request({ ':path': '/1', ':method': 'POST' }, { waitForTrailers: true })
    call.on('wantTrailers', () => call.sendTrailers({ 'x-sum': '7' }))
    call.end('body')
    const answered = answer(call)
    const left = client.request({ ':path': '/left' })
    left.on('error', () => {})
    while (target.inflight.size < 2) await once(server, 'stream')
    left.close(http2.constants.NGHTTP2_PROTOCOL_ERROR)
    await new Promise<void>((resolve) => client.ping(() => resolve())) // all of it has arrived
    while (target.inflight.size > 1) await new Promise(setImmediate)
    expect(told).to.deep.equal([])
    release()
    expect(await answered).to.deep.equal([200, 'ok'])
    expect(told).to.deep.equal(['once /1', 'always /1', 'trailers 7'])
  })

  it('answers 503 to streams that a stop does not admit, before their listeners', async () => {
    const server = http2.createServer()
    const told: unknown[] = []
    server.on('stream', (stream, headers) => {
      told.push(headers[':path'])
      stream.respond()
      stream.end('ok')
    })
    const target = new PlainTarget(server)
    target.takeOver()
    const asked: unknown[] = []
    const admit = ({ req }: Exchange) => {
      asked.push([req.method, req.url, req.httpVersionMajor, req.headers['x-client'], req.socket.remoteAddress])
      return req.url !== '/refused'
    }
    target.beginStop({ cause: 'test', abortAt: Infinity, admit })
    const client = await connect(server)
    expect(await answer(client.request({ ':path': '/admitted' }))).to.deep.equal([200, 'ok'])
    const [status, body] = await answer(client.request({ ':path': '/refused', 'x-client': 'a' }))
    expect([status, (JSON.parse(body) as { detail: string }).detail]).to.deep.equal([503, 'The server is stopping (test)'])
    expect(told).to.deep.equal(['/admitted'])
    expect(asked[1]).to.deep.equal(['GET', '/refused', 2, 'a', '127.0.0.1'])
  })

  it('answers 503 at the cut to streams without an answer, resets those that have begun, and names both', async () => {
    const server = http2.createServer()
    server.on('stream', (stream, headers) => {
      if (headers[':path'] === '/silent') return
      stream.respond()
      stream.write('begun')
    })
    const { shutdown } = await Service.of(server, server.listen(0, '127.0.0.1'), { timeout: 1_000 })
    const client = await connect(server)
    const silent = answer(client.request({ ':path': '/silent', ':method': 'POST' })) // its upload never ends
    const begun = client.request({ ':path': '/begun' })
    let ended = false
    begun.on('end', () => (ended = true))
    const failed = once(begun, 'error')
    await once(begun, 'data')
    const report = await shutdown.stop()
    expect((await silent)[0]).to.equal(503)
    expect(((await failed) as [Error])[0].message).to.contain('NGHTTP2_INTERNAL_ERROR')
    expect(ended).to.equal(false)
    expect(report.requests).to.deep.equal({ finished: 0, aborted: 0, cut: 2 })
    expect((report.blockers as RequestBlocker[]).map(({ method, path }) => `${method} ${path}`)).to.deep.equal(['POST /silent', 'GET /begun'])
  })
})
