import { once } from 'node:events'
import { expect } from 'chai'
import { App, InjectedResponse } from '@ebbjs/core'
import { gate } from './harness'

describe('app.inject', () => {
  it('answers with status, headers and body', async () => {
    const app = new App().use((ctx) => {
      ctx.status = 201
      ctx.set('X-Path', ctx.path)
      ctx.body = { query: ctx.query, host: ctx.host }
    })
    const answer = await app.inject({ url: '/a?b=c' })
    expect(answer).to.be.instanceOf(InjectedResponse)
    expect(answer.status).to.equal(201)
    expect(answer.headers).to.include({ 'x-path': '/a', 'content-type': 'application/json; charset=utf-8' })
    expect(answer.json()).to.deep.equal({ query: { b: 'c' }, host: 'localhost' })
    expect(answer.text()).to.equal(answer.body.toString())
  })

  it('sends text, bytes and JSON', async () => {
    const app = new App().use(async (ctx) => { ctx.body = [ctx.request.type, ctx.method, await ctx.request.text()] })
    expect((await app.inject({ method: 'POST', body: { a: 1 } })).json()).to.deep.equal(['application/json', 'POST', '{"a":1}'])
    expect((await app.inject({ method: 'PUT', body: Buffer.from('x'), headers: { 'Content-Type': 'a/b' } })).json()).to.deep.equal(['a/b', 'PUT', 'x'])
  })

  it('needs no server, and leaves none', async () => {
    const app = new App().use((ctx) => { ctx.body = 'ok' })
    await app.inject()
    await app.idle()
    expect([app.servers.size, app.inflight.size]).to.deep.equal([0, 0])
  })

  it('sees middleware added after an earlier call', async () => {
    const app = new App()
    expect((await app.inject()).status).to.equal(404)
    app.use((ctx) => { ctx.body = 'now' })
    expect((await app.inject()).text()).to.equal('now')
  })

  it('answers errors, HEAD and large bodies as a server does', async () => {
    const app = new App().use((ctx) => {
      if (ctx.path === '/fail') ctx.throw(418, 'pot')
      ctx.body = 'x'.repeat(1_000_000)
    })
    app.silent = true
    expect((await app.inject({ url: '/fail' })).text()).to.equal('pot')
    expect((await app.inject()).body.length).to.equal(1_000_000)
    const head = await app.inject({ method: 'HEAD' })
    expect([head.headers['content-length'], head.body.length]).to.deep.equal(['1000000', 0])
  })

  it('has the signals: a client that leaves, a deadline, a stop', async () => {
    const app = new App()
    const began = gate<AbortSignal>()
    app.use(async (ctx) => {
      began.open(ctx.signal)
      ctx.timeout(ctx.path === '/slow' ? 1 : 60_000)
      await once(ctx.signal, 'abort')
      throw ctx.signal.reason
    })
    expect((await app.inject({ url: '/slow' })).status).to.equal(503)

    const leaving = new AbortController()
    const left = app.inject({ signal: leaving.signal }).catch((error: Error) => error.name)
    const signal = await began.promise
    while (app.inflight.size === 0) await new Promise(setImmediate)
    leaving.abort()
    expect(await left).to.equal('AbortError')
    await app.idle()
    expect(signal.aborted).to.equal(true)

    const stopped = app.inject()
    while (app.inflight.size === 0) await new Promise(setImmediate)
    app.beginStop({ cause: 'test' })
    for (const ctx of app.inflight) ctx.abort()
    expect((await stopped).json()).to.include({ detail: 'The server is stopping (test)' })
  })
})
