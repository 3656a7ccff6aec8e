import { expect } from 'chai'
import { type Exchange } from '../src/target'
import { describeWaiting, WaitingLine } from '../src/waiting-line'
import { Gate } from './service'

describe('the waiting line', () => {
  const request = (url: string, age: number) => ({ req: { method: 'GET', url }, startedAt: Date.now() - age }) as unknown as Exchange

  it('names how many requests there are, and the oldest', () => {
    expect(describeWaiting([request('/b', 100), request('/report?key=secret', 4_200), request('/c', 300)], [])).to.equal(
      'waiting for 3 requests, oldest GET /report 4.2 s',
    )
    expect(describeWaiting([request('/', 0)], ["loop 'mail'"])).to.equal("waiting for 1 request, oldest GET / 0.0 s, loop 'mail'")
    expect(describeWaiting([], [])).to.equal(undefined)
  })

  it('is rewritten each second on a terminal, and taken away at the end', async () => {
    const written: string[] = []
    const second = new Gate()
    const line = new WaitingLine({ isTTY: true, write: (text) => void (written.push(text) === 1 && second.open()) }, () => 'waiting for 1 request')
    line.clear() // nothing is shown yet
    const held = setInterval(() => {}, 1_000) // the line itself holds no process
    await second.opened
    line.end()
    clearInterval(held)
    expect(written).to.deep.equal(['\r\x1b[2Kwaiting for 1 request; Ctrl-C again to force', '\r\x1b[2K'])
  })

  it('is silent where there is no terminal', () => {
    const line = new WaitingLine({ write: () => expect.fail('written') }, () => 'waiting')
    line.clear()
    line.end()
  })
})
