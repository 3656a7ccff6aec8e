import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { Client, collectGarbage, GET, serve } from '../harness'

// 100,000 requests take 20 s; a tenth shows the same. `EBB_REQUESTS=100000` runs them all.
const REQUESTS = Number(process.env['EBB_REQUESTS'] ?? 10_000)
const CLIENTS = 20

describe(`${REQUESTS} requests that read both signals, clients leaving at random`, () => {
  it('leave nothing behind: no warning, no heap, nothing in flight', async function () {
    this.timeout(120_000)
    const app = new App().use(async (ctx) => {
      void ctx.signal.aborted
      void ctx.stopping.aborted
      await new Promise(setImmediate)
      ctx.body = 'answered'
    })
    const port = await serve(app)
    const warnings: Error[] = []
    const onWarning = (warning: Error) => void warnings.push(warning)
    process.on('warning', onWarning)
    let random = 1
    const leaves = () => (random = (random * 48271) % 2147483647) % 50 === 0

    async function load(count: number): Promise<void> {
      let left = count
      await Promise.all(Array.from({ length: CLIENTS }, async () => {
        let client = new Client(port)
        let answers = 0
        while (left-- > 0) {
          client.send(GET)
          if (leaves()) {
            client.socket.destroy()
            await client.closed
            client = new Client(port)
            answers = 0
          } else {
            await client.sees('answered', ++answers)
            client.text = ''
            answers = 0
          }
        }
        client.socket.destroy()
        await client.closed
      }))
      await app.idle()
    }

    await load(3000)
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    await load(REQUESTS)
    for (let turn = 0; turn < 5; turn++) {
      await new Promise(setImmediate)
      collectGarbage()
    }
    const after = process.memoryUsage().heapUsed
    process.off('warning', onWarning)
    expect(warnings).to.deep.equal([])
    expect(app.inflight.size).to.equal(0)
    expect(after / before, `heap ${before} → ${after}`).to.be.lessThan(1.05)
  })
})
