import { expect } from 'chai'
import { now, settledBy, until } from '../src/clock'

describe('clock', () => {
  it('settledBy tells whether work settled in time, whatever it settled with', async () => {
    expect(await settledBy(Promise.resolve(), now() + 1_000)).to.equal(true)
    expect(await settledBy(Promise.reject(new Error('no')), now() + 1_000)).to.equal(true)
    expect(await settledBy(new Promise(() => {}), now() + 10)).to.equal(false)
  })

  it('until resolves at the moment, and at once when it has passed', async () => {
    const begun = now()
    await until(begun - 1_000)
    await until(begun + 20)
    expect(now() - begun).to.be.at.least(19)
  })
})
