import { expect } from 'chai'
import { type Example, start } from '../start'

describe('examples/signal', () => {
  let example: Example
  beforeEach(async () => {
    example = await start('signal/server.ts')
  })
  afterEach(() => example.end())

  it('/slow is told when its client leaves', async () => {
    const client = new AbortController()
    const answer = fetch(`${example.url}/slow`, { signal: client.signal }).catch((error: Error) => error.name)
    await example.printed(/\/slow works/)
    client.abort()
    expect(await answer).to.equal('AbortError')
    await example.printed(/\/slow is told to stop: EBB_CLIENT_GONE/)
  })

  it('/slow is told when the drain is over, and answered 503', async () => {
    const answer = fetch(`${example.url}/slow`)
    await example.printed(/\/slow works/)
    example.kill('SIGTERM')
    const { status, headers } = await answer
    expect(status).to.equal(503)
    expect(headers.get('Retry-After')).to.equal('1')
    expect(await example.exit).to.deep.equal({ code: 0, signal: null })
    expect(example.output).to.include('/slow is told to stop: EBB_SHUTDOWN').and.include('finished 0, aborted 1, cut 0')
  })

  it('/impatient is answered 503 when its deadline has passed', async () => {
    const answer = await fetch(`${example.url}/impatient`)
    expect(answer.status).to.equal(503)
    expect(await answer.json()).to.include({ detail: 'The request was not answered within 500 ms' })
    await example.printed(/\/impatient is told to stop: EBB_DEADLINE/)
  })

  it('/poll gives what is said while it waits', async () => {
    const answer = fetch(`${example.url}/poll`)
    await example.printed(/\/poll waits/)
    expect(await (await fetch(`${example.url}/say?hello`)).json()).to.deep.equal({ heardBy: 1 })
    expect(await (await answer).text()).to.equal('hello\n')
  })

  it('/poll ends itself when the server drains', async () => {
    const answer = fetch(`${example.url}/poll`)
    await example.printed(/\/poll waits/)
    example.kill('SIGTERM')
    expect((await answer).status).to.equal(204)
    expect((await answer).headers.get('Connection')).to.equal('close')
    expect(await example.exit).to.deep.equal({ code: 0, signal: null })
    expect(example.output).to.include('finished 1, aborted 0, cut 0')
  })
})
