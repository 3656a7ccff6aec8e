/* eslint-disable @typescript-eslint/no-require-imports */
import { once } from 'node:events'
import { expect } from 'chai'
import { App, type Context, type Next } from '@ebbjs/core'
import { ask, gate, serve } from '../harness'

const mount = require('koa-mount')
const convert = require('koa-convert')
const connect = require('koa-connect')
const websockify = require('koa-websocket')
const onerrorModule = require('koa-onerror')
const onerror = onerrorModule.onerror ?? onerrorModule.default ?? onerrorModule
const { Router } = require('@koa/router')
const onHeaders = require('on-headers')
const compression = require('compression')
const morgan = require('morgan')
const WebSocket = require('ws')

describe('koa-mount', () => {
  it('mounts an app and a middleware under a path', async () => {
    const inner = new App().use((ctx) => { ctx.body = `inner ${ctx.path}` })
    const app = new App().use(mount('/api', inner)).use(mount('/fn', (ctx: Context) => { ctx.body = `fn ${ctx.path}` })).use((ctx) => { ctx.body = `outer ${ctx.path}` })
    const port = await serve(app)
    expect((await ask(port, { path: '/api/x' })).body).to.equal('inner /x')
    expect((await ask(port, { path: '/fn' })).body).to.equal('fn /')
    expect((await ask(port, { path: '/other' })).body).to.equal('outer /other')
  })
})

describe('koa-convert', () => {
  it('runs generator middleware with ctx as this', async () => {
    const app = new App()
    app.use(convert(function* (this: Context, next: Next) {
      this.set('X-Before', this.path)
      yield next
      this.body = `${String(this.body)} and back`
    }))
    app.use((ctx) => { ctx.body = 'there' })
    const { body, headers } = await ask(await serve(app), { path: '/g' })
    expect(body).to.equal('there and back')
    expect(headers).to.include({ 'x-before': '/g' })
  })
})

describe('koa-connect', () => {
  it('runs connect middleware: one that answers, one that fails, one that passes on', async () => {
    const app = new App().use(connect((req: { url: string }, res: NodeJS.WritableStream, next: (error?: Error) => void) => {
      if (req.url === '/answer') res.end('connect')
      else next(req.url === '/fail' ? Object.assign(new Error('no'), { status: 400, expose: true }) : undefined)
    })).use((ctx) => { ctx.body = 'ebb' })
    app.silent = true
    const port = await serve(app)
    expect((await ask(port, { path: '/answer' })).body).to.equal('connect')
    expect(await ask(port, { path: '/fail' })).to.include({ status: 400, body: 'no' })
    expect((await ask(port, { path: '/' })).body).to.equal('ebb')
  })

  it('shows on-headers, compression and morgan the headers that a body implies', async () => {
    const lines: string[] = []
    let type: unknown
    const app = new App()
    app.use(connect(morgan(':status :res[content-type] :res[content-length]', { stream: { write: (line: string) => lines.push(line) } })))
    app.use(connect((_req: unknown, res: { getHeader(name: string): unknown }, next: () => void) => {
      onHeaders(res, function (this: typeof res) { type = this.getHeader('content-type') })
      next()
    }))
    app.use(connect((req: { url: string }, res: unknown, next: () => void) => (req.url === '/zip' ? compression({ threshold: 0 })(req, res, next) : next())))
    app.use((ctx) => { ctx.body = { a: 'ebb' } })
    const port = await serve(app)
    await ask(port)
    const zipped = await ask(port, { path: '/zip', headers: { 'Accept-Encoding': 'gzip' } })
    await app.idle()
    expect(type).to.equal('application/json; charset=utf-8')
    expect(zipped.headers).to.include({ 'content-encoding': 'gzip' })
    expect(lines[0]).to.equal('200 application/json; charset=utf-8 11\n')
  })
})

describe('koa-websocket', () => {
  it('runs websocket middleware with a ctx', async () => {
    const app = websockify(new App())
    app.ws.use((ctx: Context & { websocket: { on(event: string, fn: (data: Buffer) => void): void; send(text: string): void } }) => {
      ctx.websocket.on('message', (data) => ctx.websocket.send(`${ctx.path} ${data.toString()}`))
    })
    app.use((ctx: Context) => { ctx.body = 'http' })
    const port = await serve(app, app.listen(0))
    expect((await ask(port)).body).to.equal('http')
    const socket = new WebSocket(`ws://localhost:${port}/chat`)
    await once(socket, 'open')
    socket.send('hello')
    const [reply] = (await once(socket, 'message')) as [Buffer]
    expect(reply.toString()).to.equal('/chat hello')
    const closed = once(socket, 'close')
    socket.close()
    await closed
  })
})

describe('koa-onerror', () => {
  it('answers errors in the form that is asked for', async () => {
    const app = new App()
    onerror(app)
    app.silent = true
    app.on('error', () => {})
    app.use((ctx) => ctx.throw(422, 'not so'))
    const port = await serve(app)
    const asJson = await ask(port, { headers: { Accept: 'application/json' } })
    expect(asJson.status).to.equal(422)
    expect(JSON.parse(asJson.body)).to.deep.equal({ error: 'not so' })
    expect((await ask(port, { headers: { Accept: 'text/html' } })).body).to.contain('not so')
  })
})

describe('@koa/router', () => {
  it('routes with params, prefixes, nested routers, redirects and allowedMethods', async () => {
    const orders = new Router({ prefix: '/orders' })
    orders.get('order', '/:id', (ctx: Context & { params: { id: string } }) => { ctx.body = `order ${ctx.params.id}` })
    orders.post('/', (ctx: Context) => { ctx.status = 201 })
    const api = new Router({ prefix: '/api' })
    api.use(async (ctx: Context, next: Next) => { ctx.set('X-Api', '1'); await next() })
    api.use(orders.routes())
    api.redirect('/old', '/api/new')
    const app = new App().use(api.routes()).use(api.allowedMethods())
    const port = await serve(app)
    const found = await ask(port, { path: '/api/orders/7' })
    expect(found.body).to.equal('order 7')
    expect(found.headers).to.include({ 'x-api': '1' })
    expect((await ask(port, { path: '/api/orders', method: 'POST' })).status).to.equal(201)
    expect((await ask(port, { path: '/api/orders/7', method: 'PUT' })).status).to.equal(405)
    expect((await ask(port, { path: '/api/old' })).headers.location).to.equal('/api/new')
    expect((await ask(port, { path: '/none' })).status).to.equal(404)
  })

  it('sees the signals of a request', async () => {
    const router = new Router()
    const seen = gate<boolean>()
    router.get('/', (ctx: Context) => {
      seen.open(ctx.signal.aborted)
      ctx.body = 'ok'
    })
    await ask(await serve(new App().use(router.routes())))
    expect(await seen.promise).to.equal(false)
  })
})
