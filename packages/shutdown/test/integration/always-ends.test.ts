import { once } from 'node:events'
import { expect } from 'chai'
import { Child } from '../child'
import { Client } from '../client'

/** The whole stop (ms). What a loaded machine may add to it is no matter of the product. */
const TIMEOUT = 3_000
const ROOM = 2_000

/** What fails, and how the process ends: in order with a code, or by its watchdog. */
const ways: [way: string, end: 0 | 1 | 'SIGKILL'][] = [
  ['nothing else', 0],
  ['output of the program', 0],
  ['a logger that throws', 0],
  ['a logger that throws null', 0],
  ['a logger that rejects', 0],
  ['a logger that fails later', 1],
  ['a logger that stops', 0],
  ['a storm of uncaught exceptions', 1],
  ['a storm of unhandled rejections', 1],
  ['hooks that throw', 1],
  ['hooks that never settle', 1],
  ['a hook that registers itself', 1],
  ['a hook that blocks the loop', 'SIGKILL'],
  ['a handler that blocks the loop', 'SIGKILL'],
  ['endless ticks', 'SIGKILL'],
  ['subscribers that throw', 0],
  ['a supervisor that cannot be told', 0],
  ['an IPC channel that is gone', 0],
  ['a loop and a start-up that ignore the stop', 1],
  ['stop within the stop', 1],
  ['a clock that jumps and timers that stand still', 0],
]

describe('a process whose stdout and stderr are closed ends in time, and answers what is in flight, with', () => {
  afterEach(async () => {
    Client.closeAll()
    await Child.endAll()
  })

  for (const [way, end] of ways) {
    it(way, async () => {
      const child = Child.start('failing.ts', { way, timeout: TIMEOUT })
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
