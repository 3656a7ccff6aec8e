/* eslint-disable @typescript-eslint/no-require-imports */
import { gunzipSync } from 'node:zlib'
import http from 'node:http'
import { once } from 'node:events'
import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { ask, serve } from '../harness'

const cors = require('@koa/cors')
const compress = require('koa-compress')
const helmet = require('koa-helmet').default ?? require('koa-helmet')
const conditional = require('koa-conditional-get')
const etag = require('koa-etag').default ?? require('koa-etag')
const prettyJson = require('koa-json')
const logger = require('koa-logger')
const ratelimit = require('koa-ratelimit')
const responseTime = require('koa-response-time')

const hello = new App().use((ctx) => { ctx.body = 'hello' }).middleware[0]!

describe('@koa/cors', () => {
  it('answers a preflight, and marks answers and errors', async () => {
    const app = new App().use(cors({ credentials: true })).use((ctx) => {
      if (ctx.path === '/fail') ctx.throw(400, 'no')
      ctx.body = 'hello'
    })
    app.silent = true
    const port = await serve(app)
    const origin = { Origin: 'http://other.example' }
    const preflight = await ask(port, { method: 'OPTIONS', headers: { ...origin, 'Access-Control-Request-Method': 'PUT' } })
    expect(preflight.status).to.equal(204)
    expect(preflight.headers).to.include({ 'access-control-allow-origin': 'http://other.example', 'access-control-allow-credentials': 'true' })
    expect((await ask(port, { headers: origin })).headers).to.include({ 'access-control-allow-origin': 'http://other.example', vary: 'Origin' })
    const failed = await ask(port, { path: '/fail', headers: origin })
    expect(failed.status).to.equal(400)
    expect(failed.headers).to.include({ 'access-control-allow-origin': 'http://other.example' })
  })
})

describe('koa-compress', () => {
  it('compresses what is long enough and leaves the rest', async () => {
    const app = new App().use(compress({ threshold: 100, br: false })).use((ctx) => {
      ctx.body = ctx.path === '/json' ? { list: Array(100).fill('ebb') } : ctx.path === '/long' ? 'ebb'.repeat(100) : 'short'
    })
    const port = await serve(app)
    for (const path of ['/long', '/json']) {
      const req = http.get({ port, path, agent: false, headers: { 'Accept-Encoding': 'gzip' } })
      const [res] = (await once(req, 'response')) as [http.IncomingMessage]
      const chunks: Buffer[] = []
      for await (const chunk of res) chunks.push(chunk as Buffer)
      expect(res.headers).to.include({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
      expect(res.headers).not.to.have.property('content-length')
      expect(gunzipSync(Buffer.concat(chunks)).toString()).to.match(/^(ebb){100}$|^{"list":\["ebb"/)
    }
    expect((await ask(port, { headers: { 'Accept-Encoding': 'gzip' } })).headers).not.to.have.property('content-encoding')
  })
})

describe('koa-helmet', () => {
  it('sets its headers', async () => {
    const { headers, body } = await ask(await serve(new App().use(helmet()).use(hello)))
    expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN', 'content-type': 'text/plain; charset=utf-8' })
    expect(headers).to.have.property('content-security-policy')
    expect(body).to.equal('hello')
  })
})

describe('koa-conditional-get with koa-etag', () => {
  it('answers 304 to whom has it', async () => {
    const app = new App().use(conditional()).use(etag()).use((ctx) => { ctx.body = { a: 1 } })
    const port = await serve(app)
    const first = await ask(port)
    expect(first.headers.etag).to.match(/^"/)
    const second = await ask(port, { headers: { 'If-None-Match': first.headers.etag! } })
    expect(second).to.include({ status: 304, body: '' })
    expect(second.headers).not.to.have.property('content-length')
  })
})

describe('koa-json', () => {
  it('prints JSON with indents', async () => {
    const { body, headers } = await ask(await serve(new App().use(prettyJson()).use((ctx) => { ctx.body = { a: 1 } })))
    expect(body).to.equal('{\n  "a": 1\n}')
    expect(headers).to.include({ 'content-type': 'application/json; charset=utf-8', 'content-length': '12' })
  })
})

describe('koa-logger', () => {
  it('logs each request with status and length', async () => {
    const lines: unknown[][] = []
    const app = new App().use(logger({ transporter: (_: string, args: unknown[]) => lines.push(args) })).use(hello)
    await ask(await serve(app), { path: '/x' })
    await app.idle()
    expect(lines.map((line) => line.slice(1, 4))).to.deep.equal([['GET', '/x'], ['GET', '/x', 200]])
    expect(lines[1]!.at(-1)).to.equal('5b')
  })
})

describe('koa-ratelimit', () => {
  it('answers 429 past its limit', async () => {
    const app = new App().use(ratelimit({ driver: 'memory', db: new Map(), max: 1, duration: 60_000, id: () => 'all' })).use(hello)
    app.silent = true
    const port = await serve(app)
    const first = await ask(port)
    expect(first.headers).to.include({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' })
    expect((await ask(port)).status).to.equal(429)
  })
})

describe('koa-response-time', () => {
  it('sets X-Response-Time', async () => {
    const { headers } = await ask(await serve(new App().use(responseTime()).use(hello)))
    expect(headers['x-response-time']).to.match(/^\d+ms$/)
  })
})
