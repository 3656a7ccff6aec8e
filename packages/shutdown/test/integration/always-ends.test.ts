import { once } from 'node:events'
import { expect } from 'chai'
import { Child } from '../child'
import { Client } from '../client'
import { ROOM, TIMEOUT, ways } from './failing'

describe('a process whose stdout and stderr are closed ends in time, and answers what is in flight, with', () => {
  afterEach(async () => {
    Client.closeAll()
    await Child.endAll()
  })

  for (const [way, end] of ways) {
    it(way, async () => {
      const child = Child.start('failing.ts', { ways: [way], timeout: TIMEOUT })
      const [{ port }] = (await once(child.process, 'message')) as [{ port: number }]
      child.process.stdout?.destroy()
      child.process.stderr?.destroy()
      const client = (await Client.connect(port)).get('/slow')
      await once(child.process, 'message')
      const told = performance.now()
      child.kill('SIGTERM')

      const { status, body } = await client.answer()
      expect([status, body]).to.deep.equal([200, 'whole'])
      const { code, signal } = await child.exit
      expect(performance.now() - told).to.be.below(TIMEOUT + ROOM)
      expect(signal ?? code).to.equal(end)
    })
  }
})
