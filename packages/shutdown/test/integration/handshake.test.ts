import { once } from 'node:events'
import { connect } from 'node:tls'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { Client } from '../client'
import { Service } from '../service'

for (const kind of ['https, App', 'https, bare'] as const) {
  describe(`TLS handshakes of a server that stops (${kind})`, () => {
    afterEach(() => Service.stopAll())

    it('that never begin, or never end, hold the stop no longer than their share', async () => {
      const service = await Service.handle(kind, (_, res) => res.end('ok'), { timeout: 60_000 })
      const [silent, half] = [await Client.connect(service.port), await Client.connect(service.port)]
      half.send('\x16\x03\x01\x02\x00\x01') // the first bytes of a ClientHello
      await (await service.connect()).get('/', 'Connection: close\r\n').answer()
      const report = await service.shutdown.stop()
      await Promise.all([silent.end(), half.end()])
      expect(report).to.include({ clean: true })
      expect(report.requests).to.deep.equal({ finished: 0, aborted: 0, cut: 0 })
      expect(report.phases.drain).to.be.below(6_000)
    })

    it('that are under way when the drain begins are completed, and their request is answered', async () => {
      const service = await Service.handle(kind, async (_, res) => {
        await delay(1_500) // past the share of handshakes
        res.end('ok')
      })
      const raw = await Client.connect(service.port)
      raw.socket.removeAllListeners('data')
      await (await service.connect()).get('/', 'Connection: close\r\n').answer()
      const stopped = service.shutdown.stop()
      await service.draining()
      const tls = connect({ socket: raw.socket, rejectUnauthorized: false })
      await once(tls, 'secureConnect')
      const answer = await new Client(tls).get('/').answer()
      expect([answer.status, answer.headers['connection']]).to.deep.equal([200, 'close'])
      expect(await stopped).to.include({ clean: true })
    })
  })
}
