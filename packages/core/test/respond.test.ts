import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import http2 from 'node:http2'
import { PassThrough, Readable } from 'node:stream'
import { expect } from 'chai'
import { App, type Context, type Middleware } from '@ebbjs/core'
import { ask, Client, gate, GET, printed, serve } from './harness'

/** An app of one middleware whose errors are collected. */
function app(fn: Middleware): { app: App; errors: Error[] } {
  const errors: Error[] = []
  const made = new App().use(fn)
  made.on('error', (error: Error) => errors.push(error))
  return { app: made, errors }
}

describe('respond', () => {
  it('answers a stream, and destroys it when it was sent', async () => {
    const stream = Readable.from(['a', 'b'])
    const { app: made } = app((ctx) => { ctx.body = stream })
    expect((await ask(await serve(made))).body).to.equal('ab')
    expect(stream.destroyed).to.equal(true)
  })

  it('answers a Uint8Array with its bytes (Koa: {"0":1,…})', async () => {
    const { app: made } = app((ctx) => { ctx.body = new Uint8Array([104, 105]) })
    const { headers, body } = await ask(await serve(made))
    expect(body).to.equal('hi')
    expect(headers).to.include({ 'content-type': 'application/octet-stream', 'content-length': '2' })
  })

  it('leaves a response alone when ctx.respond is false', async () => {
    const { app: made } = app((ctx) => {
      ctx.respond = false
      setImmediate(() => ctx.res.end('by hand'))
    })
    expect(await ask(await serve(made))).to.include({ status: 404, body: 'by hand' })
  })

  // Koa answers 200 with an empty body, cut off without a word.
  it('answers 500 when a body stream fails before its first byte', async () => {
    const { app: made, errors } = app((ctx) => {
      ctx.set('X-Dropped', 'yes')
      ctx.length = 100
      ctx.body = new Readable({ read() { this.destroy(new Error('no such file')) } })
    })
    const { status, headers, body } = await ask(await serve(made))
    expect({ status, body }).to.deep.equal({ status: 500, body: 'Internal Server Error' })
    expect(headers).not.to.have.property('x-dropped')
    expect(errors.map(({ message }) => message)).to.deep.equal(['no such file'])
  })

  // Koa ends the response as if it were whole.
  it('cuts the connection when a body stream is destroyed without an error after its first byte', async () => {
    const stream = new PassThrough()
    const { app: made, errors } = app((ctx) => { ctx.body = stream })
    const client = new Client(await serve(made)).send(GET)
    stream.write('first')
    await client.sees('first')
    stream.destroy()
    expect(await client.all()).not.to.include('\r\n0\r\n\r\n')
    expect(errors.map(({ message }) => message)).to.deep.equal(['The body stream was destroyed before its end'])
  })

  it('answers 500 when a body stream has failed, or was destroyed, before respond', async () => {
    for (const error of [new Error('failed early'), undefined]) {
      const { app: made, errors } = app(async (ctx) => {
        const stream = new PassThrough()
        stream.on('error', () => {})
        stream.destroy(error)
        await once(stream, 'close')
        ctx.body = stream
      })
      expect((await ask(await serve(made))).status).to.equal(500)
      expect(errors).to.have.length(1)
    }
  })

  for (const version of ['1.1', '1.0']) {
    it(`resets an HTTP/${version} connection when a body stream fails after its first byte: no truncated body looks whole`, async () => {
      const failing = gate()
      const { app: made, errors } = app((ctx) => {
        ctx.body = Readable.from((async function* () {
          yield 'first'
          await failing.promise
          throw new Error('disk gone')
        })())
      })
      const client = new Client(await serve(made)).send(GET.replace('1.1', version))
      await client.sees('first')
      const failed = once(client.socket, 'error')
      failing.open()
      expect(((await failed) as [NodeJS.ErrnoException])[0].code).to.equal('ECONNRESET')
      expect(errors.map(({ message }) => message)).to.deep.equal(['disk gone'])
    })
  }

  it('resets the connection when a body stream fails that is queued behind another response, after that one', async () => {
    const app = new App()
    app.silent = true
    const first = gate()
    const failed = gate()
    app.use(async (ctx) => {
      if (ctx.path === '/first') {
        await first.promise
        ctx.body = 'first'
        return
      }
      const body = new Readable({ read() {} })
      body.push('begun')
      ctx.body = body
      setImmediate(() => body.destroy(new Error('broken')))
      body.once('close', () => setImmediate(failed.open))
    })
    const client = new Client(await serve(app)).send('GET /first HTTP/1.1\r\nHost: ebb\r\n\r\nGET /second HTTP/1.1\r\nHost: ebb\r\n\r\n')
    await failed.promise
    first.open()
    expect(await client.all()).not.to.contain('0\r\n\r\n')
  })

  it('resets an HTTP/2 stream that was answered past its context, and does not end it', async () => {
    const failing = gate()
    const { app: made } = app(async (ctx) => {
      const { stream } = ctx.res as unknown as http2.Http2ServerResponse
      stream.respond()
      stream.write('first')
      await failing.promise
      throw new Error('disk gone')
    })
    const port = await serve(made, made.attach(http2.createServer()).listen(0))
    const session = http2.connect(`http://localhost:${port}`)
    const stream = session.request({ ':path': '/' })
    let ended = false
    stream.on('end', () => (ended = true))
    await once(stream, 'data')
    failing.open()
    const [error] = (await once(stream, 'error')) as [NodeJS.ErrnoException]
    expect(error.message).to.contain('NGHTTP2_INTERNAL_ERROR')
    expect(ended).to.equal(false)
    session.close()
    await once(session, 'close')
  })

  it('resets an HTTP/2 stream when a body stream fails after its first byte', async () => {
    const failing = gate()
    const { app: made } = app((ctx) => {
      ctx.body = Readable.from((async function* () {
        yield 'first'
        await failing.promise
        throw new Error('disk gone')
      })())
    })
    const port = await serve(made, made.attach(http2.createServer()).listen(0))
    const session = http2.connect(`http://localhost:${port}`)
    const stream = session.request({ ':path': '/' })
    await once(stream, 'data')
    failing.open()
    const [error] = (await once(stream, 'error')) as [NodeJS.ErrnoException]
    expect(error.message).to.contain('NGHTTP2_INTERNAL_ERROR')
    session.close()
    await once(session, 'close')
  })

  // Koa: 'error' with ERR_STREAM_PREMATURE_CLOSE for every download that somebody ends.
  it('destroys the body stream of a client that leaves, and reports nothing', async () => {
    const stream = new Readable({ read() { this.push('x'.repeat(16_000)) } })
    const { app: made, errors } = app((ctx) => { ctx.body = stream })
    const client = new Client(await serve(made)).send(GET)
    await client.sees('xxx')
    client.socket.destroy()
    await once(stream, 'close')
    await made.idle()
    expect(errors).to.deep.equal([])
  })

  // Koa 3.3: each of these ends the process.
  it('survives a body stream that fails where nobody reads it', async () => {
    const missing = () => createReadStream('/does/not/exist')
    const { app: made } = app(async (ctx) => {
      ctx.body = missing()
      if (ctx.path === '/wait') await once(ctx.body as Readable, 'close')
      if (ctx.path === '/replace') ctx.body = Readable.from(['other'])
    })
    const port = await serve(made)
    expect((await ask(port, { method: 'HEAD' })).status).to.equal(200)
    expect((await ask(port, { path: '/wait' })).status).to.equal(500)
    expect((await ask(port, { path: '/replace' })).body).to.equal('other')
  })

  it('destroys a body stream that is set after the client has left', async () => {
    const left = gate()
    const stream = new PassThrough()
    const { app: made } = app(async (ctx) => {
      left.open()
      await once(ctx.signal, 'abort')
      ctx.body = stream
    })
    const client = new Client(await serve(made)).send(GET)
    await left.promise
    client.socket.destroy()
    await made.idle()
    expect(stream.destroyed).to.equal(true)
  })

  it('answers 500 when a body has no JSON', async () => {
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    for (const body of [circular, 10n, () => {}]) {
      const { app: made, errors } = app((ctx) => { ctx.body = body })
      expect((await ask(await serve(made))).status).to.equal(500)
      expect(errors[0]).to.be.instanceOf(TypeError)
    }
  })
})

describe('HEAD over HTTP/2', () => {
  // Koa: no Content-Length, and an error lets the request hang.
  for (const [path, status, length] of [['/', 200, '7'], ['/fail', 400, '2']] as const) {
    it(`is answered ${status} with the length of the body that GET would get`, async () => {
      const { app: made } = app((ctx) => {
        if (ctx.path === '/fail') ctx.throw(400, 'no')
        ctx.body = { a: 1 }
      })
      const session = http2.connect(`http://localhost:${await serve(made, made.attach(http2.createServer()).listen(0))}`)
      const [headers] = (await once(session.request({ ':method': 'HEAD', ':path': path }).resume(), 'response')) as [http2.IncomingHttpHeaders]
      expect(headers).to.include({ ':status': status, 'content-length': length })
      session.close()
      await once(session, 'close')
    })
  }
})

describe('a thrown value', () => {
  const bad = (fields: object) => Object.assign(new Error('boom'), fields)
  const thrown: Record<string, unknown> = {
    null: null,
    undefined: undefined,
    'a string': 'boom',
    'a number': 42,
    'an object': { boom: true },
    'a circular object': (() => { const o: Record<string, unknown> = {}; return (o['o'] = o) })(),
    'a BigInt': 1n,
    'a symbol': Symbol('boom'),
    'a frozen object': Object.freeze({ boom: true }),
    'a frozen error': Object.freeze(new Error('boom')),
    'an error with a bad status': bad({ status: 9000 }),
    'an error with a status that is no number': bad({ status: 'nope' }),
    'an error with headers that are no object': bad({ headers: 'nope' }),
    'an error with a header name that Node refuses': bad({ headers: { 'bad name\n': 'x' } }),
    'an error with a header value that Node refuses': bad({ headers: { 'X-Bad': 'a\r\nb', 'X-None': undefined } }),
    'an error whose fields throw': Object.defineProperty(new Error('boom'), 'status', { get() { throw new Error('trap') } }),
  }

  for (const [name, value] of Object.entries(thrown)) {
    it(`${name} is answered 500`, async () => {
      const { app: made, errors } = app(() => { throw value })
      const port = await serve(made)
      await printed(async () => expect((await ask(port)).status).to.equal(500))
      expect(errors).to.have.length(1)
      expect(errors[0]).to.be.instanceOf(Error)
      await made.idle()
    })
  }

  it('keeps its other headers when one is bad', async () => {
    const { app: made } = app(() => { throw bad({ status: 503, headers: { 'X-Bad': 'a\r\nb', 'Retry-After': '7' } }) })
    expect((await ask(await serve(made))).headers).to.include({ 'retry-after': '7' })
  })
})

describe("an 'error' listener", () => {
  // Koa: the request hangs for ever, the rejection ends the process.
  it('that throws is printed, and the client answered', async () => {
    const made = new App().use(() => { throw new Error('handler') })
    made.on('error', () => { throw new Error('listener') })
    const port = await serve(made)
    const lines = await printed(async () => expect((await ask(port)).status).to.equal(500))
    expect(lines.join()).to.contain('listener')
  })

  it('that answers the request by itself ends it', async () => {
    const made = new App().use(() => { throw new Error('handler') })
    made.on('error', (_error, ctx: Context) => {
      ctx.res.statusCode = 418
      ctx.res.end('mine')
    })
    expect(await ask(await serve(made))).to.include({ status: 418, body: 'mine' })
  })
})
