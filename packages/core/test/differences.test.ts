import { createRequire } from 'node:module'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { type Case, type Fn, onEbb, onKoa } from './differential/run'
import { Client, GET, serve, serveAny } from './harness'

const Koa = createRequire(__filename)('koa') as typeof App

// What docs/from-koa.md says of both. Those that would end the process with Koa are in respond.test.ts, for Ebb alone.
describe('other than Koa 3', () => {
  async function both(use: Fn, more: Partial<Case> = {}) {
    const it: Case = { name: '', use, ...more }
    return { koa: await onKoa(it), ebb: await onEbb(it) }
  }

  it('a Uint8Array is sent as its bytes', async () => {
    const { koa, ebb } = await both((ctx) => { ctx.body = new Uint8Array([104, 105]) })
    expect([koa.body, ebb.body]).to.deep.equal(['{"0":104,"1":105}', 'hi'])
  })

  it('a body stream that fails before its first byte is answered 500', async () => {
    const { koa, ebb } = await both((ctx) => { ctx.body = new Readable({ read() { this.destroy(new Error('no such file')) } }) })
    expect(koa.status).to.equal('')
    expect([ebb.status, ebb.body]).to.deep.equal(['HTTP/1.1 500 Internal Server Error', 'Internal Server Error'])
    expect(koa.errors[0]).to.contain('no such file')
    expect(ebb.errors[0]).to.contain('no such file')
  })

  it('a thrown null is answered 500', async () => {
    for (const [Class, expected] of [[Koa, ''], [App, '500']] as const) {
      const app = new Class().use(() => { throw null }) // eslint-disable-line @typescript-eslint/only-throw-error
      app.silent = true
      const server = app.listen(0)
      const client = new Client(await (Class === App ? serve(app, server) : serveAny(server))).send(GET)
      await once(server, 'request')
      if (expected) await client.sees(expected)
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      expect(client.text).to.contain(expected)
      if (!expected) expect(client.text).to.equal('')
    }
  })

  it('a client that leaves while a stream is sent is no error', async () => {
    for (const [Class, expected] of [[Koa, 1], [App, 0]] as const) {
      const errors: unknown[] = []
      const stream = new Readable({ read() { this.push('x'.repeat(16_000)) } })
      const app = new Class().use((ctx) => { ctx.body = stream })
      app.on('error', (error) => errors.push(error))
      const server = app.listen(0)
      const client = new Client(await (Class === App ? serve(app, server) : serveAny(server))).send(GET)
      await client.sees('xxx')
      client.socket.destroy()
      await once(stream, 'close')
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      expect(errors.length).to.be.within(expected, expected * 2)
    }
  })

  it('100 Continue is sent when the body is first read', async () => {
    const { koa, ebb } = await both((ctx) => { ctx.body = 'unread' }, { method: 'POST', headers: { Expect: '100-continue' }, body: 'x' })
    expect(koa.status).to.equal('HTTP/1.1 100 Continue')
    expect(ebb.status).to.equal('HTTP/1.1 200 OK')
  })
})
