import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, type Server } from 'node:net'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { Client } from '../client'
import { certificate, Gate, Service } from '../service'

const servers: Record<string, (listener: RequestListener) => Server> = {
  http: (listener) => createServer(listener),
  https: (listener) => createHttpsServer(certificate, listener),
}

for (const [kind, create] of Object.entries(servers)) {
  for (const isApp of [false, true]) {
    describe(`connections that are older than the shutdown of their server (${kind}${isApp ? ', attached to an App' : ''})`, () => {
      afterEach(() => Service.stopAll())

      async function older(listener: RequestListener): Promise<{ connect(): Promise<Client>; stopped(): Promise<Service> }> {
        const server = create(listener).listen(0, '127.0.0.1')
        await once(server, 'listening')
        const { port } = server.address() as AddressInfo
        return {
          connect: () => (kind === 'https' ? Client.secure(port) : Client.connect(port)),
          stopped: () => Service.of(isApp ? appOf(server) : server, server),
        }
      }

      /** An App that follows the server from here on, whose requests another listener answers. */
      function appOf(server: Server): App {
        const app = new App()
        const own = server.listeners('request')
        server.removeAllListeners('request')
        app.attach(server as never)
        server.removeAllListeners('request')
        for (const listener of own) server.on('request', listener as never)
        return app
      }

      it('are closed by the stop when they are idle, after the time that stragglers have', async () => {
        const { connect, stopped } = await older((_, res) => res.end('ok'))
        const [idle, straggler] = [await connect(), await connect()]
        for (const client of [idle, straggler]) await client.get('/').answer()
        const service = await stopped()
        const stop = service.shutdown.stop()
        await service.draining()
        const told = performance.now()
        expect((await straggler.get('/').answer()).headers['connection']).to.equal('close')
        await idle.end()
        expect(performance.now() - told).to.be.within(200, 1_500)
        expect((await stop).connections).to.deep.equal({ idle: 1, drained: 1, destroyed: 0 })
      })

      it('end after the request that is in flight on them', async () => {
        const entered = new Gate<ServerResponse>()
        const { connect, stopped } = await older((_, res) => entered.open(res))
        const client = (await connect()).get('/')
        const res = await entered.opened
        const service = await stopped()
        const stop = service.shutdown.stop()
        await service.draining()
        res.end('whole')
        const answer = await client.answer()
        expect([answer.body, answer.headers['connection']]).to.deep.equal(['whole', 'close'])
        await client.end()
        const report = await stop
        expect(report).to.include({ clean: true })
        expect(report.requests).to.deep.equal({ finished: 1, aborted: 0, cut: 0 })
      })
    })
  }
}
