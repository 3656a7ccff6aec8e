import diagnostics_channel from 'node:diagnostics_channel'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { App, type Context } from '@ebbjs/core'
import { ask, Client, GET, serve } from './harness'

const names = ['start', 'end', 'error', 'abort'].map((name) => `ebb:request:${name}`)

describe('diagnostics_channel', () => {
  let seen: [string, Record<string, unknown>][] = []
  const listeners = names.map((name) => [name, (message: unknown) => void seen.push([name, message as Record<string, unknown>])] as const)

  beforeEach(() => {
    seen = []
    for (const [name, listener] of listeners) diagnostics_channel.subscribe(name, listener)
  })
  afterEach(() => {
    for (const [name, listener] of listeners) diagnostics_channel.unsubscribe(name, listener)
  })

  it('tells start and end of a request', async () => {
    const app = new App().use((ctx) => { ctx.body = 'ok' })
    await ask(await serve(app), { path: '/x' })
    await app.idle()
    expect(seen.map(([name]) => name)).to.deep.equal(['ebb:request:start', 'ebb:request:end'])
    expect((seen[0]![1]['ctx'] as Context).path).to.equal('/x')
    expect(seen[1]![1]).to.include({ ctx: seen[0]![1]['ctx'], complete: true })
  })

  it('tells errors', async () => {
    const error = new Error('x')
    const app = new App().use(() => { throw error })
    app.silent = true
    await ask(await serve(app))
    expect(seen.map(([name, message]) => [name, message['error']])).to.deep.include(['ebb:request:error', error])
  })

  it('tells aborts, and which response was not complete', async () => {
    const app = new App().use((ctx) => once(ctx.signal, 'abort'))
    const client = new Client(await serve(app)).send(GET)
    await once([...app.servers][0]!, 'request')
    client.socket.destroy()
    await app.idle()
    const [, abort, end] = seen
    expect(abort![0]).to.equal('ebb:request:abort')
    expect(abort![1]['reason']).to.have.property('code', 'EBB_CLIENT_GONE')
    expect(end![1]).to.include({ complete: false })
  })

  it('has its channels listed in one file and in the README', async () => {
    for (const file of ['../src/diagnostics.ts', '../README.md']) {
      const text = await readFile(join(__dirname, file), 'utf8')
      for (const name of names) expect(text).to.contain(`\`${name}\``)
    }
  })
})
