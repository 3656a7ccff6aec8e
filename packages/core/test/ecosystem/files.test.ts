/* eslint-disable @typescript-eslint/no-require-imports */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { ask, serve } from '../harness'

const serveFiles = require('koa-static')
const send = require('koa-send')
const range = require('koa-range')

describe('files', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ebb-files-'))
    await writeFile(join(folder, 'a.txt'), '0123456789')
    await writeFile(join(folder, 'index.html'), '<p>index')
  })
  after(() => rm(folder, { recursive: true }))

  it('koa-static serves a folder, an index, and passes on what it does not have', async () => {
    const app = new App().use(serveFiles(folder, { maxage: 1000 })).use((ctx) => { ctx.body = 'passed on' })
    app.silent = true
    const port = await serve(app)
    const file = await ask(port, { path: '/a.txt' })
    expect(file.body).to.equal('0123456789')
    expect(file.headers).to.include({ 'content-type': 'text/plain; charset=utf-8', 'content-length': '10', 'cache-control': 'max-age=1' })
    expect((await ask(port)).body).to.equal('<p>index')
    expect((await ask(port, { path: '/none' })).body).to.equal('passed on')
    expect((await ask(port, { path: '/../../etc/passwd' })).status).to.equal(403)
    expect((await ask(port, { path: '/a.txt', method: 'HEAD' })).headers).to.include({ 'content-length': '10' })
  })

  it('koa-send sends one file', async () => {
    const app = new App().use(async (ctx) => { await send(ctx, 'a.txt', { root: folder }) })
    app.silent = true
    expect((await ask(await serve(app), { path: '/x' })).body).to.equal('0123456789')
    const missing = new App().use(async (ctx) => { await send(ctx, 'none.txt', { root: folder }) })
    expect((await ask(await serve(missing))).status).to.equal(404)
  })

  it('koa-range answers 206 with a part of a body or a stream', async () => {
    const app = new App().use(range).use((ctx) => {
      ctx.body = ctx.path === '/stream' ? createReadStream(join(folder, 'a.txt')) : '0123456789'
    })
    const port = await serve(app)
    for (const path of ['/', '/stream']) {
      const part = await ask(port, { path, headers: { Range: 'bytes=2-4' } })
      expect(part).to.include({ status: 206, body: '234' })
    }
    expect((await ask(port)).headers).to.include({ 'accept-ranges': 'bytes' })
  })
})
