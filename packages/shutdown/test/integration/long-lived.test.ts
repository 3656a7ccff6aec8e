import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { type Duplex } from 'node:stream'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { WebSocket, WebSocketServer } from 'ws'
import { gracefulShutdown } from '../../src'
import { Client } from '../client'
import { Gate, Service } from '../service'

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

describe('long-lived connections of a server that stops', () => {
  afterEach(() => Service.stopAll())

  /** A service with a WebSocketServer, and `count` clients of it. */
  async function webSockets(count: number, options = {}): Promise<{ service: Service; wss: WebSocketServer; clients: WebSocket[] }> {
    const service = await Service.handle('http, App', (_, res) => res.end('ok'), options)
    const wss = service.shutdown.add(new WebSocketServer({ server: service.server as never }))
    const clients = Array.from({ length: count }, () => new WebSocket(`ws://127.0.0.1:${service.port}`))
    await Promise.all(clients.map((client) => once(client, 'open')))
    return { service, wss, clients }
  }

  it('WebSockets get close frame 1001 with a reason, and the stop waits until they are gone', async () => {
    const { service, wss, clients } = await webSockets(3)
    const order: string[] = []
    for (const socket of wss.clients) socket.on('close', () => order.push('socket'))
    service.shutdown.onCleanup('db', () => order.push('db'))
    const closes = Promise.all(clients.map((client) => once(client, 'close')))
    const report = await service.shutdown.stop()
    expect((await closes).map(([code, reason]) => [code, String(reason)])).to.deep.equal(Array(3).fill([1001, 'The server is stopping']))
    expect(order).to.deep.equal(['socket', 'socket', 'socket', 'db'])
    expect(report).to.include({ clean: true })
    expect(report.connections.destroyed).to.equal(0)
  })

  it('a WebSocket client that ignores the close frame is cut at the deadline', async () => {
    const { service } = await webSockets(0, { timeout: 1_500 })
    const client = await service.connect()
    client.get('/', UPGRADE)
    while (!client.received.includes('101 Switching')) await once(client.socket, 'data')
    const begun = performance.now()
    await service.shutdown.stop()
    expect(performance.now() - begun).to.be.below(3_000)
    await client.end()
    expect(client.received).to.match(/\x88.\x03\xe9The server is stopping$/s)
  })

  it('an upgrade in the drain is answered 503', async () => {
    const { service, clients } = await webSockets(1)
    const idle = await service.connect()
    await idle.get('/').answer()
    const closed = once(clients[0] as WebSocket, 'close')
    const stopped = service.shutdown.stop()
    await service.draining()
    const answer = await idle.get('/', UPGRADE).answer()
    expect(answer.status).to.equal(503)
    expect(answer.headers).to.include({ connection: 'close', 'retry-after': '1' })
    await closed
    expect(await stopped).to.include({ clean: true })
  })

  it('are told within `spread`, not all in the same instant', async () => {
    const { service, clients } = await webSockets(5, { spread: 500 })
    const closes = clients.map((client) => once(client, 'close').then(() => performance.now()))
    await service.shutdown.stop()
    const times = (await Promise.all(closes)).sort((a, b) => a - b)
    expect((times.at(-1) as number) - (times[0] as number)).to.be.within(300, 3_000)
  })

  it('other upgraded sockets get FIN at the abort, and are destroyed at the cut', async () => {
    const server = createServer()
    const upgraded = new Gate<Duplex>()
    server.on('upgrade', (_req, socket: Duplex) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n')
      upgraded.open(socket)
    })
    const service = await Service.of(server, server.listen(0, '127.0.0.1'), { timeout: 2_500, abortAfter: 1_500 })
    const client = await service.connect()
    client.socket.allowHalfOpen = true
    client.get('/', 'Connection: Upgrade\r\nUpgrade: own\r\n')
    const socket = await upgraded.opened
    const begun = performance.now()
    const stopped = service.shutdown.stop()
    await service.draining()
    socket.write('still here') // past the share of half-sent heads, which it is not
    await client.end()
    const told = performance.now() - begun
    expect(told).to.be.within(1_400, 2_500)
    expect(client.received).to.match(/still here$/)
    expect((await stopped).clean).to.equal(true)
    expect(socket.destroyed).to.equal(true)
  })

  it('a stream that ends itself on ctx.stopping ends whole, and the stop does not wait for more', async () => {
    const service = await Service.start(async (ctx) => {
      ctx.respond = false
      ctx.res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      ctx.res.write('data: 1\n\n')
      if (!ctx.stopping.aborted) await once(ctx.stopping, 'abort')
      ctx.res.end('retry: 1000\n\n')
    })
    const client = (await service.connect()).get('/')
    while (!client.received.includes('data: 1')) await once(client.socket, 'data')
    const report = await service.shutdown.stop()
    expect((await client.answer()).body).to.equal('data: 1\n\nretry: 1000\n\n')
    await client.end()
    expect(report.requests).to.deep.equal({ finished: 1, aborted: 0, cut: 0 })
    expect(report.phases.abort).to.be.below(500)
  })

  it('streams of ctx.sse() end with a last retry, whole, when the drain begins', async () => {
    const service = await Service.start((ctx) => void ctx.sse().send({ data: 'first' }))
    const client = (await service.connect()).get('/')
    while (!client.received.includes('first')) await once(client.socket, 'data')
    const report = await service.shutdown.stop()
    expect((await client.answer()).body).to.match(/^data: first\n\nretry: \d+\n\n$/)
    expect(report).to.include({ clean: true })
    expect(report.requests).to.deep.equal({ finished: 1, aborted: 0, cut: 0 })
  })

  it('WebSockets get 1001 after the replies of the messages whose work was given to a loop', async () => {
    const { service, wss } = await webSockets(0)
    const [received, work] = [new Gate(), new Gate()]
    wss.on('connection', (socket) => socket.on('message', () => {
      service.shutdown.loop('message', async () => {
        received.open()
        await work.opened
        socket.send('reply')
      })
    }))
    const got: unknown[] = []
    const client = new WebSocket(`ws://127.0.0.1:${service.port}`).on('message', (data: Buffer) => got.push(String(data)))
    await once(client, 'open')
    client.send('work')
    await received.opened
    const stopped = service.shutdown.stop()
    await service.draining()
    work.open()
    const [code] = await once(client, 'close')
    expect([...got, code]).to.deep.equal(['reply', 1001])
    expect(await stopped).to.include({ clean: true })
  })

  it('WebSockets get 1001 at the abort if a loop has not ended by then', async () => {
    const { service, clients } = await webSockets(2, { timeout: 4_000, abortAfter: 300 })
    const work = new Gate()
    service.shutdown.loop('consumer', () => work.opened)
    const stopped = service.shutdown.stop()
    const codes = await Promise.all(clients.map((client) => once(client, 'close').then(([code]) => code as number)))
    work.open()
    expect(codes).to.deep.equal([1001, 1001])
    expect((await stopped).phases.drain).to.be.at.least(290)
  })

  it('a WebSocket that its owner closes in the drain keeps its own code, and the others get 1001', async () => {
    const { service, wss, clients } = await webSockets(2)
    const codes = Promise.all(clients.map((client) => once(client, 'close').then(([code]) => code as number)))
    service.shutdown.loop('owner', (stopping) => once(stopping, 'abort').then(() => [...wss.clients][0]?.close(4_001, 'see you')))
    await service.shutdown.stop()
    expect((await codes).sort()).to.deep.equal([1001, 4_001])
  })

  it('a WebSocketServer that is added in the drain tells its clients, too', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(wss, 'listening')
    const service = await Service.handle('http, App', (_, res) => res.end('ok'))
    const client = new WebSocket(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}`)
    await once(client, 'open')
    service.shutdown.loop('late', (stopping) => once(stopping, 'abort').then(() => service.shutdown.add(wss)))
    const closed = once(client, 'close')
    expect(await service.shutdown.stop()).to.include({ clean: true })
    expect((await closed)[0]).to.equal(1001)
  })

  it('a WebSocketServer on a port of its own is closed, and a stop ends though nobody is connected', async () => {
    const wss = new WebSocketServer({ port: 0 })
    await once(wss, 'listening')
    const shutdown = gracefulShutdown(new App(), { exit: false, signals: false, logger: false })
    shutdown.add(wss)
    const closed = once(wss, 'close')
    expect(await shutdown.stop()).to.include({ clean: true })
    await closed
    Client.closeAll()
  })
})
