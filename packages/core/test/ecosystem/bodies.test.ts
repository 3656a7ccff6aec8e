/* eslint-disable @typescript-eslint/no-require-imports */
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { ask, serve } from '../harness'

const { bodyParser } = require('@koa/bodyparser')
const { koaBody } = require('koa-body')
const multer = require('@koa/multer')
const qs = require('koa-qs')

const json = { 'Content-Type': 'application/json' }
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
const boundary = 'ebb'
const multipart = { 'Content-Type': `multipart/form-data; boundary=${boundary}` }
const upload = [
  `--${boundary}`, 'Content-Disposition: form-data; name="title"', '', 'a file',
  `--${boundary}`, 'Content-Disposition: form-data; name="file"; filename="a.txt"', 'Content-Type: text/plain', '', 'its content',
  `--${boundary}--`, '',
].join('\r\n')

describe('@koa/bodyparser', () => {
  function app() {
    const made = new App()
    made.silent = true
    return made.use(bodyParser({ enableTypes: ['json', 'form', 'text'] })).use((ctx) => {
      ctx.body = { parsed: ctx.request.body, raw: (ctx.request as { rawBody?: string }).rawBody }
    })
  }

  it('parses JSON, forms and text into ctx.request.body', async () => {
    const port = await serve(app())
    for (const [headers, body, parsed] of [[json, '{"a":1}', { a: 1 }], [form, 'a=1&b[]=2', { a: '1', b: ['2'] }], [{ 'Content-Type': 'text/plain' }, 'hi', 'hi']] as const) {
      expect(JSON.parse((await ask(port, { method: 'POST', headers, body })).body)).to.deep.equal({ parsed, raw: body })
    }
  })

  it('answers 400 to broken JSON', async () => {
    expect((await ask(await serve(app()), { method: 'POST', headers: json, body: '{"a":' })).status).to.equal(400)
  })
})

describe('koa-body', () => {
  it('parses JSON, forms and uploads', async () => {
    const app = new App().use(koaBody({ multipart: true, formidable: { uploadDir: tmpdir() } })).use(async (ctx) => {
      const { files } = ctx.request as { files?: { file: { filepath: string; originalFilename: string } } }
      const file = files?.file
      ctx.body = { parsed: ctx.request.body, name: file?.originalFilename, content: file && await readFile(file.filepath, 'utf8') }
      if (file) await rm(file.filepath)
    })
    const port = await serve(app)
    expect(JSON.parse((await ask(port, { method: 'POST', headers: json, body: '{"a":1}' })).body)).to.deep.equal({ parsed: { a: 1 } })
    expect(JSON.parse((await ask(port, { method: 'POST', headers: form, body: 'a=1' })).body)).to.deep.equal({ parsed: { a: '1' } })
    expect(JSON.parse((await ask(port, { method: 'POST', headers: multipart, body: upload })).body))
      .to.deep.equal({ parsed: { title: 'a file' }, name: 'a.txt', content: 'its content' })
  })
})

describe('@koa/multer', () => {
  it('takes uploads into ctx.file and ctx.request.body', async () => {
    const app = new App().use(multer().single('file')).use((ctx) => {
      const { file } = ctx as unknown as { file: { originalname: string; buffer: Buffer } }
      ctx.body = { name: file.originalname, content: file.buffer.toString(), title: (ctx.request.body as { title: string }).title }
    })
    const { body } = await ask(await serve(app), { method: 'POST', headers: multipart, body: upload })
    expect(JSON.parse(body)).to.deep.equal({ name: 'a.txt', content: 'its content', title: 'a file' })
  })
})

describe('koa-qs', () => {
  it('replaces ctx.query', async () => {
    const app = qs(new App()) as App
    app.use((ctx) => { ctx.body = ctx.query })
    expect(JSON.parse((await ask(await serve(app), { path: '/?a[b]=1&c[]=2' })).body)).to.deep.equal({ a: { b: '1' }, c: ['2'] })
  })
})
