import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { Log } from '../src/log'
import { Loops } from '../src/loops'

describe('loops', () => {
  const reason = new Error('The server is stopping (test)')

  it('are told by their signal, and ended when the last has returned', async () => {
    const loops = new Loops(new Log(false))
    const order: string[] = []
    for (const name of ['a', 'b']) {
      loops.run(name, async (stopping) => {
        while (!stopping.aborted) await delay(5)
        order.push(name)
      })
    }
    expect(loops.names).to.deep.equal(['a', 'b'])
    loops.stop(reason)
    await loops.ended()
    expect(order).to.have.members(['a', 'b'])
    expect(loops.names).to.deep.equal([])
    expect(loops.failed).to.equal(false)
  })

  it('that reject with the abort they were told with have not failed', async () => {
    const loops = new Loops(new Log(false))
    loops.run('waits', (stopping) => delay(60_000, undefined, { signal: stopping }))
    loops.run('throws the reason', async (stopping) => {
      await new Promise((resolve) => stopping.addEventListener('abort', resolve))
      stopping.throwIfAborted()
    })
    loops.stop(reason)
    await loops.ended()
    expect(loops.failed).to.equal(false)
  })

  it('that throw at once have failed, and are reported', async () => {
    const lines: string[] = []
    const loops = new Loops(new Log((line) => lines.push(line)))
    loops.run('broken', () => {
      throw new Error('no queue')
    })
    await loops.ended()
    expect(loops.failed).to.equal(true)
    expect(lines).to.deep.equal(["[shutdown] loop 'broken' failed: no queue"])
    expect(() => loops.run('none', undefined as never)).to.throw(TypeError, "Cannot run loop 'none' with undefined: it must be a function of an AbortSignal")
  })
})
