import { expect } from 'chai'
import { Countdown } from '../src/countdown'

describe('Countdown', () => {
  /** Resolves with what was called back, once it is so many. */
  function collect(count: number): { countdown: Countdown<number>; all: Promise<number[]> } {
    const seen: number[] = []
    let countdown: Countdown<number> | undefined
    const all = new Promise<number[]>((resolve) => {
      countdown = new Countdown(5, (item) => {
        if (seen.push(item) === count) resolve(seen)
      })
    })
    return { countdown: countdown as Countdown<number>, all }
  }

  it('calls back each in the order of their starts, and a second round after the first', async () => {
    const { countdown, all } = collect(4)
    const begun = performance.now()
    for (const item of [1, 2, 3]) countdown.start(item)
    countdown.start(1) // anew: the last of the first round
    setTimeout(() => countdown.start(4), 4)
    expect(await all).to.deep.equal([2, 3, 1, 4])
    expect(performance.now() - begun).to.be.at.least(8)
  })

  it('leaves out what was cancelled, all of it too', async () => {
    const { countdown, all } = collect(1)
    countdown.start(1)
    countdown.cancel(1)
    countdown.cancel(1)
    countdown.start(2)
    countdown.start(3)
    countdown.cancel(2)
    expect(await all).to.deep.equal([3])
  })

  it('lets the event loop turn between many that are due together', async () => {
    let turn = 0
    let immediate = setImmediate(function next() {
      turn++
      immediate = setImmediate(next)
    })
    const turns = new Set<number>()
    await new Promise<void>((resolve) => {
      const countdown = new Countdown<number>(1, (item) => {
        turns.add(turn)
        if (item === 999) resolve()
      })
      for (let item = 0; item < 1_000; item++) countdown.start(item)
    })
    clearImmediate(immediate)
    expect(turns.size).to.be.above(3)
  })

  it('may be started from a callback', async () => {
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      const countdown = new Countdown<string>(1, (item) => {
        seen.push(item)
        if (seen.length === 3) resolve()
        else countdown.start(item)
      })
      countdown.start('a')
    })
    expect(seen).to.deep.equal(['a', 'a', 'a'])
  })
})
