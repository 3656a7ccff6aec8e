import { expect } from 'chai'
import { type Example, start } from '../start'

describe('examples/hello', () => {
  let hello: Example
  beforeEach(async () => {
    hello = await start('hello/server.ts')
  })
  afterEach(() => hello.end())

  it('answers, and ends on SIGTERM with code 0', async () => {
    const answer = await fetch(hello.url)
    expect(answer.status).to.equal(200)
    expect(await answer.text()).to.equal('Hello\n')

    hello.kill('SIGTERM')
    expect(await hello.exit).to.deep.equal({ code: 0, signal: null })
    expect(hello.output).to.match(/SIGTERM: stopping/).and.match(/clean, exit code 0/)
  })

  it('ends on Ctrl-C before anything was asked', async () => {
    hello.kill('SIGINT')
    expect(await hello.exit).to.deep.equal({ code: 0, signal: null })
  })
})
