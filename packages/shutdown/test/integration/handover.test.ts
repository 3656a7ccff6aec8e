import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { Child } from '../child'
import { Client } from '../client'

/** How long (ms) a client thinks before its next request: without, the load starves the workers that start. */
const THINK = 5

/** Ten in a long run: `EBB_ROLLS=10`. */
const ROLLS = Number(process.env['EBB_ROLLS'] ?? 3)

for (const policy of ['rr', 'none'] as const) {
  describe(`two workers of node:cluster that are rolled under load (${policy === 'rr' ? 'round robin' : 'shared handle'})`, () => {
    afterEach(async () => {
      Client.closeAll()
      await Child.endAll()
    })

    for (const [by, title] of [
      ['SIGTERM', 'lose and refuse nothing'],
      ['primary', 'lose and refuse nothing when the primary disconnects them'],
      ['worker', 'lose and refuse nothing when they disconnect themselves'],
    ] as const) it(title, async () => {
      const child = Child.start('cluster.ts', { policy, rolls: ROLLS, by })
      const port = await child.port()
      let [running, answered, connections] = [true, 0, 0]
      const lost: string[] = []
      /** A client that keeps its connection as long as it may. */
      const loop = async () => {
        while (running) {
          try {
            const client = await Client.connect(port)
            connections++
            for (let closes = false; running && !closes; answered++) {
              const { status, headers } = await client.get('/').answer()
              if (status !== 200) lost.push(String(status))
              closes = headers['connection'] === 'close'
              if (!closes) await delay(THINK)
            }
            client.socket.destroy()
          } catch (error) {
            lost.push((error as Error).message)
          }
        }
      }
      /** A client that asks whether it is ready, on a connection of its own each time. */
      const probe = async () => {
        while (running) {
          try {
            const client = await Client.connect(port)
            const { status } = await client.get('/readyz', 'Connection: close\r\n').answer()
            if (status !== 200) lost.push(`readyz ${status}`)
            await delay(THINK)
          } catch (error) {
            lost.push((error as Error).message)
          }
        }
      }
      const clients = [...Array.from({ length: 10 }, loop), probe(), probe()]
      child.process.send('roll')
      await child.prints(/^done$/m)
      running = false
      await Promise.all(clients)
      child.process.send('end')

      expect(lost).to.deep.equal([])
      expect(child.stdout.match(/^rolled 0 true$/gm)).to.have.length(ROLLS)
      expect(answered).to.be.above(100)
      expect(connections).to.be.above(12)
      expect((await child.exit).code).to.equal(0)
    }).timeout(90_000)
  })
}

if (process.platform === 'linux' && Number(process.versions.node.split('.')[0]) >= 22) {
  describe('a process that hands over to another on a port of SO_REUSEPORT', () => {
    afterEach(async () => {
      Client.closeAll()
      await Child.endAll()
    })

    it('loses nobody that waits in the accept queue', async () => {
      let child = Child.start('reuse-port.ts')
      const port = await child.port()
      let [running, answered] = [true, 0]
      const lost: string[] = []
      const loop = async () => {
        while (running) {
          try {
            const client = await Client.connect(port)
            if ((await client.get('/', 'Connection: close\r\n').answer()).status === 200) answered++
            client.socket.destroy()
          } catch (error) {
            lost.push((error as Error).message)
          }
        }
      }
      const clients = Array.from({ length: 16 }, loop)
      for (let n = 0; n < ROLLS; n++) {
        const next = Child.start('reuse-port.ts', { port })
        await next.port()
        child.kill('SIGTERM')
        expect((await child.exit).code).to.equal(0)
        child = next
      }
      running = false
      await Promise.all(clients)
      expect(lost).to.deep.equal([])
      expect(answered).to.be.above(100)
    }).timeout(90_000)
  })
}
