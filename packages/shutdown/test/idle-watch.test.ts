import { EventEmitter, once } from 'node:events'
import { expect } from 'chai'
import { IdleWatch } from '../src/idle-watch'
import { type Target } from '../src/target'

describe('the idle watch', () => {
  /** Told when it is over; a timer holds the process meanwhile, as a server would. */
  async function over(isUp: () => boolean, targets: Target[] = []): Promise<number> {
    const [begun, held, told] = [performance.now(), setInterval(() => {}, 1_000), new EventEmitter()]
    const watch = new IdleWatch(30, targets, isUp, () => told.emit('idle'))
    await once(told, 'idle')
    clearInterval(held)
    watch.end()
    return performance.now() - begun
  }

  it('tells when nothing was open for so long', async () => {
    expect(await over(() => true)).to.be.at.least(29)
  })

  it('begins when the process is up', async () => {
    let asked = 0
    expect(await over(() => ++asked > 3)).to.be.at.least(4 * 29)
  })
})
