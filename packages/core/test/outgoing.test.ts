import http from 'node:http'
import { expect } from 'chai'
import { App, type Context } from '@ebbjs/core'
import { ask, serve } from './harness'

type Look = (ctx: Context) => unknown

/** What a middleware sees on `res` after the body was set below it. */
async function seen(body: unknown, look: Look, before: Look = () => {}): Promise<unknown> {
  const results: unknown[] = []
  for (const attached of [false, true]) {
    const app = new App()
    app.use(async (ctx, next) => {
      await next()
      results.push(await look(ctx))
    })
    app.use((ctx) => {
      before(ctx)
      ctx.body = body
    })
    const server = attached ? app.attach(http.createServer()).listen(0) : app.listen(0)
    await ask(await serve(app, server))
  }
  expect(results[0], 'on a server of listen as on one of your own').to.deep.equal(results[1])
  return results[0]
}

describe('headers that a body implies', () => {
  it('are read from res as if they were set', async () => {
    expect(await seen('hällo', ({ res }) => [res.getHeader('Content-Type'), Number(res.getHeader('content-length')), res.hasHeader('CONTENT-TYPE'), res.getHeader('x-none')]))
      .to.deep.equal(['text/plain; charset=utf-8', 6, true, undefined])
  })

  it('are in getHeaders and getHeaderNames', async () => {
    expect(await seen(Buffer.from('abc'), ({ res }) => [{ ...res.getHeaders() }, res.getHeaderNames()]))
      .to.deep.equal([{ 'content-type': 'application/octet-stream', 'content-length': 3 }, ['content-type', 'content-length']])
  })

  it('give way to what is set or removed by hand', async () => {
    expect(await seen('x', ({ res }) => {
      res.setHeader('Content-Type', 'text/css')
      res.removeHeader('Content-Length')
      return { ...res.getHeaders() }
    })).to.deep.equal({ 'content-type': 'text/css' })
  })

  it('can be appended to', async () => {
    expect(await seen('x', ({ res }) => {
      res.appendHeader('X-One', 'a').appendHeader('X-One', 'b')
      return { ...res.getHeaders() }
    })).to.deep.equal({ 'content-type': 'text/plain; charset=utf-8', 'content-length': 1, 'x-one': ['a', 'b'] })
  })

  it('are sent with a head that is written by hand', async () => {
    const app = new App()
    app.use((ctx) => {
      ctx.body = 'hello'
      ctx.respond = false
      ctx.res.writeHead(201, { 'X-Mine': '1' })
      ctx.res.end('hello')
    })
    const { status, headers } = await ask(await serve(app))
    expect(status).to.equal(201)
    expect(headers).to.include({ 'content-type': 'text/plain; charset=utf-8', 'content-length': '5', 'x-mine': '1' })
  })

  it('are there for a writeHead that somebody put in its place (on-headers)', async () => {
    const app = new App()
    let type: unknown
    app.use(async (ctx, next) => {
      const { writeHead } = ctx.res
      ctx.res.writeHead = function (this: typeof ctx.res, ...args: unknown[]) {
        type = this.getHeader('Content-Type')
        this.setHeader('X-Late', '1')
        return writeHead.apply(this, args as never)
      } as never
      await next()
    })
    app.use((ctx) => { ctx.body = { a: 1 } })
    const { headers } = await ask(await serve(app))
    expect(type).to.equal('application/json; charset=utf-8')
    expect(headers).to.include({ 'x-late': '1', 'content-type': 'application/json; charset=utf-8', 'content-length': '7' })
  })

  it('are read after the head was sent, as access logs do', async () => {
    const app = new App()
    const logged: unknown[] = []
    app.use((ctx) => {
      ctx.res.on('finish', () => logged.push([ctx.res.getHeader('content-type'), Number(ctx.res.getHeader('content-length')), ctx.response.type, ctx.length, Object.keys(ctx.res.getHeaders())]))
      ctx.body = '<p>'
    })
    await ask(await serve(app))
    await app.idle()
    expect(logged).to.deep.equal([['text/html; charset=utf-8', 3, 'text/html', 3, ['content-type', 'content-length']]])
  })

  it('leave out a length that is chunked', async () => {
    expect(await seen('x', ({ res }) => ({ ...res.getHeaders() }), (ctx) => ctx.set('Transfer-Encoding', 'chunked')))
      .to.deep.equal({ 'transfer-encoding': 'chunked', 'content-type': 'text/plain; charset=utf-8' })
  })
})
