import { once } from 'node:events'
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

  it('calls back each in the order of their starts, none before its time, and a second round after the first', async () => {
    const { countdown, all } = collect(4)
    const waited = new Countdown<number>(5, (begun) => expect(performance.now() - begun).to.be.at.least(5))
    for (const item of [1, 2, 3]) countdown.start(item)
    countdown.start(1) // anew: the last of the first round
    waited.start(performance.now())
    setImmediate(() => countdown.start(4))
    expect(await all).to.deep.equal([2, 3, 1, 4])
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

  it('goes on with the others when a callback throws', async () => {
    const mochas = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const caught = once(process, 'uncaughtException')
    try {
      const last = new Promise<void>((resolve) => {
        const countdown = new Countdown<number>(1, (item) => {
          if (item === 1) throw new Error('first')
          resolve()
        })
        countdown.start(1)
        countdown.start(2)
      })
      expect(((await caught) as [Error])[0].message).to.equal('first')
      await last
    } finally {
      for (const listener of mochas) process.on('uncaughtException', listener)
    }
  })
})
