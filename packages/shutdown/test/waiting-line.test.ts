import { expect } from 'chai'
import { type Exchange } from '../src/target'
import { describeWaiting, WaitingLine } from '../src/waiting-line'

describe('the waiting line', () => {
  const request = (url: string, age: number) => ({ req: { method: 'GET', url }, startedAt: Date.now() - age }) as unknown as Exchange

  it('names how many requests there are, and the oldest', () => {
    expect(describeWaiting([request('/b', 100), request('/report?key=secret', 4_200), request('/c', 300)], [])).to.equal(
      'waiting for 3 requests, oldest GET /report 4.2 s',
    )
    expect(describeWaiting([request('/', 0)], ["loop 'mail'"])).to.equal("waiting for 1 request, oldest GET / 0.0 s, loop 'mail'")
    expect(describeWaiting([], [])).to.equal(undefined)
  })

  it('is rewritten each second on a terminal, and taken away at the end', (done) => {
    let written = ''
    const line = new WaitingLine({ isTTY: true, write }, () => 'waiting for 1 request')
    function write(text: string): void {
      written += text
      if (!text.includes('waiting')) return
      line.end()
      expect(written).to.equal('\r\x1b[2Kwaiting for 1 request; Ctrl-C again to force\r\x1b[2K')
      done()
    }
    const held = setTimeout(() => {}, 3_000) // the line itself holds no process
    line.clear()
    written = ''
    setTimeout(() => clearTimeout(held), 1_500)
  })

  it('is silent where there is no terminal', () => {
    const line = new WaitingLine({ write: () => expect.fail('written') }, () => 'waiting')
    line.clear()
    line.end()
  })
})
