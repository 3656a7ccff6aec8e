import { expect } from 'chai'
import { Child } from '../child'

describe('servers that were stopped', () => {
  afterEach(() => Child.endAll())

  it('are collected with their Apps', async () => {
    const child = Child.start('collected.ts')
    expect((await child.exit).code).to.equal(0)
    expect(child.stdout.trim().split('\n')).to.deep.equal([
      'left of http: 0',
      'left of https: 0',
      'left of http2: 0',
      'left of http2 with TLS: 0',
      'left of App: 0',
    ])
  }).timeout(60_000)
})
