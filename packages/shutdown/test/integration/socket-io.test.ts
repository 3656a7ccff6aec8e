import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { Server, type Socket } from 'socket.io'
import { io as connect, type Socket as ClientSocket } from 'socket.io-client'
import { Gate, Service } from '../service'

for (const transport of ['websocket', 'polling'] as const) {
  describe(`socket.io by ${transport}, on a server that stops`, () => {
    const clients: ClientSocket[] = []
    const servers: Server[] = []
    afterEach(async () => {
      for (const client of clients.splice(0)) client.disconnect()
      await Service.stopAll()
      for (const server of servers.splice(0)) await server.close()
    })

    async function start(kind: 'App' | 'node:http', options = {}): Promise<{ service: Service; io: Server }> {
      const app = new App()
      const server = createServer(kind === 'App' ? app.callback() : undefined)
      if (kind === 'App') app.attach(server)
      const io = new Server(server)
      const service = await Service.of(kind === 'App' ? app : server, server.listen(0, '127.0.0.1'), options)
      service.shutdown.add(io)
      return { service, io }
    }

    /** A connected client and its socket on the server; it connects again if it may, and at once. */
    async function client(io: Server, port: number): Promise<{ client: ClientSocket; socket: Socket }> {
      const client = connect(`http://127.0.0.1:${port}`, { transports: [transport], reconnectionDelay: 1, reconnectionDelayMax: 5, forceNew: true })
      clients.push(client)
      const [[socket]] = (await Promise.all([once(io, 'connection'), new Promise((resolve) => client.once('connect', () => resolve(undefined)))])) as [[Socket], unknown]
      return { client, socket }
    }

    for (const kind of ['App', 'node:http'] as const) {
      it(`tells clients of ${kind} to connect elsewhere, and the stop is clean`, async () => {
        const { service, io } = await start(kind)
        const { client: told } = await client(io, service.port)
        const reason = new Promise((resolve) => told.once('disconnect', resolve))
        const stopped = service.shutdown.stop()
        expect(await reason).to.be.oneOf(['transport close', 'transport error'])
        const report = await stopped
        expect(report).to.include({ clean: true })
        expect(report.connections.destroyed).to.equal(0)

        const next = new Server(service.port)
        servers.push(next)
        await once(next, 'connection')
        expect(told.active).to.equal(true)
      })
    }

    it('sends the replies of the messages whose work was given to a loop first', async () => {
      const { service, io } = await start('App')
      const [received, work] = [new Gate(), new Gate<string>()]
      const { client: asking, socket } = await client(io, service.port)
      socket.on('work', (reply: (text: string) => void) => {
        service.shutdown.loop('work', async () => {
          received.open()
          reply(await work.opened)
        })
      })
      const got: unknown[] = []
      asking.on('disconnect', (reason) => got.push(reason))
      const answered = new Promise<void>((resolve) => asking.emit('work', (text: string) => (got.push(text), resolve())))
      await received.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      work.open('done')
      await answered
      expect(got).to.deep.equal(['done'])
      expect(await stopped).to.include({ clean: true })
    })

    it('runs io.close() in the clean-up only', async () => {
      const { service, io } = await start('App')
      await client(io, service.port)
      const states: string[] = []
      io.engine.on('connection', () => {})
      const close = io.close.bind(io)
      io.close = (...args) => (states.push(service.shutdown.state), close(...args))
      const { hooks } = await service.shutdown.stop()
      expect(states).to.deep.equal(['cleaning'])
      expect(hooks.map(({ name, error }) => [name, error])).to.deep.equal([['Server', undefined]])
    })
  })
}

describe('socket.io', () => {
  it('that was never attached to a server is closed all the same', async () => {
    const service = await Service.start((ctx) => (ctx.body = 'ok'))
    service.shutdown.add(new Server())
    expect(await service.shutdown.stop()).to.include({ clean: true })
  })

  it('that listens by itself is closed in the clean-up', async () => {
    const service = await Service.start((ctx) => (ctx.body = 'ok'))
    const io = service.shutdown.add(new Server(0))
    const { httpServer } = io as unknown as { httpServer: ReturnType<typeof createServer> }
    if (!httpServer.listening) await once(httpServer, 'listening')
    expect((httpServer.address() as AddressInfo).port).to.be.above(0)
    expect(await service.shutdown.stop()).to.include({ clean: true })
    expect(httpServer.listening).to.equal(false)
  })
})
