import { EventEmitter } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import fastify, { type FastifyInstance } from 'fastify'
import { type Stoppable } from '../../src'
import { Client } from '../client'
import { Gate, Service } from '../service'

/** Of Nest what matters here: its server is a method's, its close() runs the hooks of its modules, then closes the server. */
class NestApplication {
  readonly #server: Server
  readonly ran: string[] = []

  constructor(server: Server) {
    this.#server = server
  }

  getHttpServer(): Server {
    return this.#server
  }

  async close(): Promise<void> {
    this.ran.push('onModuleDestroy')
    await new Promise((resolve) => this.#server.close(resolve))
    this.ran.push('onApplicationShutdown')
  }
}

/** Of Hapi the same. */
class HapiServer extends EventEmitter {
  readonly listener = createServer((_, res) => res.end('ok'))
  stopped = 0

  async stop(): Promise<void> {
    this.stopped++
  }
}

async function listeningFastify(handler: () => Promise<string> | string): Promise<FastifyInstance> {
  const app = fastify()
  app.get('*', handler)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

describe("a framework's own close", () => {
  afterEach(() => Service.stopAll())

  for (const [way, start] of Object.entries<(app: FastifyInstance) => Promise<Service>>({
    'given to gracefulShutdown': (app) => Service.of(app, app.server),
    'added': async (app) => {
      const service = await Service.of(new App(), createServer().listen(0, '127.0.0.1'))
      service.server.close()
      service.shutdown.add(app)
      return service
    },
  })) {
    it(`runs once its server is drained, among the cleanup hooks, for an instance of Fastify that is ${way}`, async () => {
      const [entered, gate] = [new Gate(), new Gate<string>()]
      const app = fastify()
      app.get('*', () => (entered.open(), gate.opened))
      const order: string[] = []
      app.addHook('onClose', async () => void order.push('onClose'))
      await app.listen({ port: 0, host: '127.0.0.1' })
      const service = await start(app)
      service.shutdown.onCleanup('later', () => order.push('registered later'))
      const client = (await Client.connect((app.server.address() as AddressInfo).port)).get('/')
      await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      order.push('answered')
      gate.open('whole')
      expect((await client.answer()).body).to.equal('whole')
      const report = await stopped
      expect(order).to.deep.equal(['answered', 'registered later', 'onClose'])
      expect(report.hooks.map(({ name, error }) => [name, error])).to.deep.equal([['later', undefined], ['fastify', undefined]])
      expect(report).to.include({ clean: true })
    })
  }

  it('of Nest runs, and its server is drained', async () => {
    const [entered, gate] = [new Gate(), new Gate<string>()]
    const server = createServer((_, res) => (entered.open(), void gate.opened.then((body) => res.end(body))))
    const app = new NestApplication(server)
    const service = await Service.of(app, server.listen(0, '127.0.0.1'))
    const client = (await service.connect()).get('/')
    await entered.opened
    const stopped = service.shutdown.stop()
    await service.draining()
    expect(app.ran).to.deep.equal([])
    gate.open('whole')
    expect((await client.answer()).body).to.equal('whole')
    expect(await stopped).to.include({ clean: true })
    expect(app.ran).to.deep.equal(['onModuleDestroy', 'onApplicationShutdown'])
  })

  it('of Hapi is its stop()', async () => {
    const app = new HapiServer()
    const service = await Service.of(app, app.listener.listen(0, '127.0.0.1'))
    expect((await (await service.connect()).get('/').answer()).body).to.equal('ok')
    expect(await service.shutdown.stop()).to.include({ clean: true })
    expect([app.stopped, app.listener.listening]).to.deep.equal([1, false])
  })

  it('that fails or hangs is reported as any hook, and keeps no other from running', async () => {
    const ran: string[] = []
    const own = (close: () => Promise<void>): Stoppable => ({ server: createServer(), close }) as Stoppable
    const service = await Service.of(own(() => Promise.reject(new Error('plugin'))), createServer().listen(0), { timeout: 1_500 })
    service.server.close()
    service.shutdown.add(own(() => new Promise(() => {})), 'hangs')
    service.shutdown.onCleanup('db', () => ran.push('db'), { after: ['hangs'] })
    const { hooks, clean } = await service.shutdown.stop()
    expect(hooks.map(({ name, error }) => [name, error?.replace(/\d+/, 'n')])).to.deep.equal([
      ['hangs', 'not done after n ms'], ['db', undefined], ['Object', 'plugin'],
    ])
    expect([ran, clean]).to.deep.equal([['db'], false])
  })

  it('that stops the very shutdown does not wait for itself', async () => {
    const server = createServer()
    const again = new Gate<unknown>()
    const service: Service = await Service.of(
      { server, close: async () => again.open(await service.shutdown.stop('within')) } as Stoppable,
      server.listen(0, '127.0.0.1'),
    )
    const report = await service.shutdown.stop()
    expect(report).to.include({ clean: true })
    expect(await again.opened).to.equal(report)
  })

  it('finds no connection left, so that the sweep of Node cuts none', async () => {
    const app = await listeningFastify(() => 'ok')
    const service = await Service.of(app, app.server)
    await (await service.connect()).get('/').answer()
    const open = new Gate<number>()
    service.shutdown.onCleanup('count', () => new Promise<void>((resolve) => app.server.getConnections((_, count) => resolve(open.open(count)))))
    await service.shutdown.stop()
    expect(await open.opened).to.equal(0)
  })
})
