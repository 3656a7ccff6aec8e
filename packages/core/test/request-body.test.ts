import { once } from 'node:events'
import http, { IncomingMessage } from 'node:http'
import http2 from 'node:http2'
import { PassThrough, Readable } from 'node:stream'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { App, type BodyOptions, type Context } from '@ebbjs/core'
import { type Asked, ask, Client, serve, serveAny } from './harness'

const json = { 'Content-Type': 'application/json' }
type Read = (ctx: Context) => Promise<unknown>

/** What a handler gets, or what its client does. */
async function post(read: Read, asked: Asked): Promise<{ status: number; body: string }> {
  const app = new App()
  app.silent = true
  app.use(async (ctx) => { ctx.body = { got: await read(ctx) } })
  const { status, body } = await ask(await serve(app), { method: 'POST', ...asked })
  return { status, body }
}

const asJson = (options?: BodyOptions): Read => (ctx) => ctx.request.json(options)
const asText = (options?: BodyOptions): Read => (ctx) => ctx.request.text(options)

describe('ctx.request.json', () => {
  it('parses a body', async () => {
    expect(await post(asJson(), { headers: json, body: '{"a":[1,"ü"]}' })).to.deep.equal({ status: 200, body: '{"got":{"a":[1,"ü"]}}' })
  })

  it('takes types that end in +json, and any charset that is known', async () => {
    const utf16 = { 'Content-Type': 'application/vnd.api+json; charset=utf-16le' }
    expect(await post(asJson(), { headers: utf16, body: Buffer.from('"ü"', 'utf16le') })).to.include({ body: '{"got":"ü"}' })
  })

  it('answers 400 to what is no JSON, saying what is wrong', async () => {
    const { status, body } = await post(asJson(), { headers: json, body: '{"a":' })
    expect(status).to.equal(400)
    expect(body).to.match(/^The body is not JSON: .*JSON/)
    expect(await post(asJson(), { headers: json })).to.deep.equal({ status: 400, body: 'The body is empty: it must be JSON' })
  })

  it('answers 415 to another type, naming it', async () => {
    expect(await post(asJson(), { headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: '{}' }))
      .to.deep.equal({ status: 415, body: "The body's type text/plain is not JSON: it must be application/json" })
    expect((await post(asJson(), { body: '{}' })).body).to.contain('(none)')
  })
})

describe('a body that cannot be read as bytes', () => {
  for (const body of ['{}', JSON.stringify('x'.repeat(1_000_000))]) {
    it(`of ${body.length} bytes, because req.setEncoding was called, is an error that says so`, async () => {
      const app = new App()
      app.use(async (ctx) => {
        ctx.req.setEncoding('utf8')
        ctx.body = await ctx.request.json().catch((error: Error) => error.message)
      })
      const { body: said } = await ask(await serve(app), { method: 'POST', headers: json, body })
      expect(said).to.equal("Cannot read the body: req.setEncoding('utf8') was called, and its bytes are lost")
    })
  }

  it('that is none, of a server that makes nothing of it, is empty', async () => {
    const app = new App({ server: { optimizeEmptyRequests: true } as object }) // Node 24.12
    app.use(async (ctx) => { ctx.body = { length: (await ctx.request.buffer()).length } })
    expect((await ask(await serve(app))).body).to.equal('{"length":0}')
  })
})

describe('ctx.request.text', () => {
  it('decodes the charset that Content-Type names, UTF-8 by default', async () => {
    expect(await post(asText(), { body: 'häh' })).to.include({ body: '{"got":"häh"}' })
    expect(await post(asText(), { headers: { 'Content-Type': 'text/plain; charset=iso-8859-1' }, body: Buffer.from('häh', 'latin1') })).to.include({ body: '{"got":"häh"}' })
  })

  it('leaves out a byte order mark', async () => {
    const marked = Buffer.from('\ufeffhäh')
    for (const type of ['text/plain', 'text/plain; charset=utf-8', 'text/plain; charset="UTF-8"']) {
      expect(await post(asText(), { headers: { 'Content-Type': type }, body: marked })).to.include({ body: '{"got":"häh"}' })
    }
  })

  it('answers 415 to a charset that is not known, 400 to bytes that are none of it', async () => {
    expect(await post(asText(), { headers: { 'Content-Type': 'text/plain; charset=klingon' }, body: 'x' }))
      .to.deep.equal({ status: 415, body: "The body's charset klingon is not known" })
    expect(await post(asText(), { body: Buffer.from([0xff, 0xfe, 0xfd]) }))
      .to.deep.equal({ status: 400, body: 'The body is not in the charset utf-8' })
  })
})

describe('ctx.request.buffer', () => {
  it('has a limit of 1 MiB', async () => {
    const read: Read = async (ctx) => (await ctx.request.buffer()).length
    expect(await post(read, { body: Buffer.alloc(2 ** 20) })).to.include({ body: '{"got":1048576}' })
    expect(await post(read, { body: Buffer.alloc(2 ** 20 + 1) })).to.deep.equal({ status: 413, body: 'The body is larger than 1048576 bytes' })
  })

  it('counts a chunked body against the limit, too', async () => {
    const app = new App().use(async (ctx) => { ctx.body = await ctx.request.text({ limit: 4 }) })
    app.silent = true
    const port = await serve(app)
    const head = 'POST / HTTP/1.1\r\nHost: ebb\r\nTransfer-Encoding: chunked\r\n\r\n'
    const client = new Client(port).send(`${head}2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n`)
    await client.sees('abcd')
    client.send(`${head}2\r\nab\r\n3\r\ncde\r\n`)
    expect(await client.sees('The body is larger than 4 bytes')).to.contain('413')
  })

  for (const [encoding, compress] of [['gzip', gzipSync], ['x-gzip', gzipSync], ['deflate', deflateSync], ['br', brotliCompressSync], ['GZIP', gzipSync]] as const) {
    it(`inflates ${encoding}, and limits the inflated size`, async () => {
      const headers = { 'Content-Encoding': encoding }
      expect(await post(asText(), { headers, body: compress('hello') })).to.include({ body: '{"got":"hello"}' })
      const bomb = compress(Buffer.alloc(10_000_000))
      expect(bomb.length).to.be.lessThan(20_000)
      expect(await post(asText(), { headers, body: bomb })).to.include({ status: 413 })
    })
  }

  it('answers 415 to another encoding, 400 to what cannot be inflated', async () => {
    expect(await post(asText(), { headers: { 'Content-Encoding': 'zstd' }, body: 'x' }))
      .to.deep.equal({ status: 415, body: "The body's encoding zstd is not known: it must be gzip, deflate, br or none" })
    expect(await post(asText(), { headers: { 'Content-Encoding': 'gzip' }, body: 'not gzip' })).to.include({ status: 400 })
    expect(await post(asText(), { headers: { 'Content-Encoding': 'gzip' }, body: gzipSync('hello').subarray(0, 12) })).to.include({ status: 400 })
  })

  it('reads once, and gives the same again', async () => {
    expect(await post(async (ctx) => [await ctx.request.text(), await ctx.request.text(), await ctx.request.json()], { headers: json, body: '1' }))
      .to.include({ body: '{"got":["1","1",1]}' })
  })

  it('says so when somebody else has read the body, and when the limit is none', async () => {
    const failing = (work: Read): Read => (ctx) => work(ctx).catch(String)
    expect(await post(failing(async (ctx) => { await once(ctx.req.resume(), 'end'); return ctx.request.text() }), { body: 'x' }))
      .to.include({ body: '{"got":"TypeError: Cannot read the body: it was read already"}' })
    expect((await post(failing(asText({ limit: -1 })), { body: 'x' })).body)
      .to.contain('RangeError: Cannot read a body with limit -1: it must be a number of bytes, 0 or more, or Infinity')
  })

  it('rejects with the reason of the signal when the client leaves in the middle', async () => {
    const app = new App()
    const errors: unknown[] = []
    app.on('error', (error) => errors.push(error))
    let code: string | undefined
    app.use((ctx) => ctx.request.text().catch((error: { code: string }) => {
      code = error.code
      throw error
    }))
    const client = new Client(await serve(app)).send('POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 10\r\n\r\nabc')
    await once([...app.servers][0]!, 'request')
    client.socket.destroy()
    await app.idle()
    expect(code).to.equal('EBB_CLIENT_GONE')
    expect(errors).to.deep.equal([])
  })

  it('rejects when the client leaves in the middle of what it still sends after its answer', async () => {
    const app = new App()
    const failed = new Promise<{ code: string }>((resolve) => {
      app.use(async (ctx) => {
        ctx.respond = false
        ctx.res.end('accepted')
        await ctx.request.buffer().catch(resolve)
      })
    })
    const client = new Client(await serve(app)).send('POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 10\r\n\r\nabc')
    await client.sees('accepted')
    client.socket.destroy()
    expect(await failed).to.include({ code: 'EBB_CLIENT_GONE' })
    await app.idle()
  })

  it('is no application error when a client leaves so', async () => {
    const app = new App()
    const errors: unknown[] = []
    app.on('error', (error) => errors.push(error))
    app.use(async (ctx) => {
      ctx.respond = false
      ctx.res.end('accepted')
      await ctx.request.text()
    })
    const client = new Client(await serve(app)).send('POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 10\r\n\r\nabc')
    await client.sees('accepted')
    client.socket.destroy()
    await app.idle()
    expect(errors).to.deep.equal([])
  })

  it('leaves no listener on a connection whose bodies arrive after their answers', async () => {
    const app = new App()
    const counts: number[] = []
    let read: Promise<string> | undefined
    app.use((ctx) => {
      counts.push(ctx.req.socket.listenerCount('close'))
      read = ctx.request.text()
      ctx.body = 'early'
    })
    const client = new Client(await serve(app))
    for (let i = 1; i <= 4; i++) {
      client.send(`POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 3\r\n\r\n`)
      await client.sees('early', i)
      client.send('abc')
      await read
    }
    expect(counts.at(-1)).to.equal(counts[0])
  })

  it('rejects when an HTTP/2 client leaves in the middle of what it still sends after its answer', async () => {
    const app = new App()
    const failed = new Promise<{ code: string }>((resolve, reject) => {
      app.use(async (ctx) => {
        ctx.respond = false
        ctx.res.end('accepted')
        await ctx.request.buffer().then((body) => reject(new Error(`read ${String(body)}`)), resolve)
      })
    })
    const port = await serve(app, app.attach(http2.createServer()).listen(0))
    const session = http2.connect(`http://localhost:${port}`)
    const stream = session.request({ ':method': 'POST' })
    stream.write('abc')
    await once(stream, 'data')
    session.destroy()
    expect(await failed).to.include({ code: 'EBB_CLIENT_GONE' })
    await app.idle()
  })

  it('tells all who read at once of an abort', async () => {
    const app = new App({ timeout: 20 })
    app.silent = true
    const reasons: unknown[] = []
    app.use(async (ctx) => {
      const reads = [ctx.request, Object.create(ctx.request) as typeof ctx.request].map((request) => request.buffer())
      for (const { reason } of (await Promise.allSettled(reads)) as PromiseRejectedResult[]) reasons.push((reason as { code: string }).code)
    })
    await new Client(await serve(app)).send('POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 10\r\n\r\nabc').sees('HTTP/1.1')
    expect(reasons).to.deep.equal(['EBB_DEADLINE', 'EBB_DEADLINE'])
  })

  it('is cut off by the deadline: 503', async () => {
    const app = new App({ timeout: 20 }).use(async (ctx) => { ctx.body = await ctx.request.text() })
    const client = new Client(await serve(app)).send('POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 10\r\n\r\nabc')
    expect(await client.sees('within 20 ms')).to.contain('503 Service Unavailable')
  })

  it('reads a body over HTTP/2', async () => {
    const app = new App().use(async (ctx) => { ctx.body = await ctx.request.json() })
    const port = await serve(app, app.attach(http2.createServer()).listen(0))
    const session = http2.connect(`http://localhost:${port}`)
    const stream = session.request({ ':method': 'POST', 'content-type': 'application/json' })
    stream.end('{"a":1}')
    expect(String((await once(stream, 'data'))[0])).to.equal('{"a":1}')
    session.close()
    await once(session, 'close')
  })
})

describe('a body that ctx.request reads', () => {
  type Other = (req: IncomingMessage, seen: string[]) => unknown
  const HEAD = 'POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 4\r\n\r\n'

  /** What is read of `abcd`, and what `other` sees, which comes before the first byte or after the first two. */
  async function beside(other: Other, midway: boolean, server: (app: App) => Promise<number>): Promise<string> {
    const app = new App()
    app.use(async (ctx) => {
      const text = ctx.request.text().catch(String)
      while (midway && !ctx.req.readableDidRead) await new Promise(setImmediate)
      const seen: string[] = []
      const finished = other(ctx.req, seen)
      client.send('cd')
      const read = await text
      await finished
      await new Promise(setImmediate)
      ctx.body = JSON.stringify({ read, seen })
    })
    const client = new Client(await server(app)).send(`${HEAD}ab`)
    return /\{.*\}/.exec(await client.sees('}'))![0]
  }

  const others: Record<string, Other> = {
    'listens to data': (req, seen) => req.on('data', (chunk) => seen.push(String(chunk))).on('end', () => seen.push('end')),
    'listens to its end': (req, seen) => req.on('end', () => seen.push('end')).on('close', () => seen.push('close')),
    'pipes it': (req, seen) => req.pipe(new PassThrough()).on('data', (chunk) => seen.push(String(chunk))),
    'iterates over it': async (req, seen) => { for await (const chunk of req) seen.push(String(chunk)) },
    'reads when it is readable': (req, seen) => req.on('readable', () => { for (let chunk; (chunk = req.read() as unknown) !== null;) seen.push(String(chunk)) }),
    'listens before all others': (req, seen) => req.prependListener('data', (chunk: Buffer) => seen.push(String(chunk))),
    'has it decoded, and no more': (req) => req.setEncoding('utf8'),
    'lets it flow': (req) => req.resume(),
    'pauses it': (req) => { req.pause(); setImmediate(() => req.resume()) },
    'has it decoded': (req, seen) => { req.setEncoding('utf8'); req.on('data', (chunk) => seen.push(typeof chunk)) },
    'gives it another prototype, as Express does': (req) => Object.setPrototypeOf(req, Object.create(IncomingMessage.prototype) as object),
  }
  for (const [what, other] of Object.entries(others)) {
    for (const midway of [false, true]) {
      it(`while somebody else ${what}, ${midway ? 'from the middle' : 'from the start'}, is what Node's own request gives`, async () => {
        const ours = await beside(other, midway, serve)
        const nodes = await beside(other, midway, (app) => serveAny(http.createServer(app.callback()).listen(0)))
        expect(ours).to.equal(nodes)
      })
    }
  }

  it('ends, when somebody puts some of it back', async () => {
    const app = new App()
    app.use(async (ctx) => {
      const text = ctx.request.text()
      while (!ctx.req.readableDidRead) await new Promise(setImmediate)
      const closed = once(ctx.req, 'close')
      ctx.req.unshift(Buffer.from('XY'))
      client.send('cd')
      ctx.body = await text
      await closed
    })
    const client = new Client(await serve(app)).send(`${HEAD}ab`)
    expect(await client.sees('cd')).to.match(/abXYcd$/)
  })

  it('that is too large under another prototype is answered 413, and what is left of it is dropped', async () => {
    const app = new App()
    app.silent = true
    app.use(async (ctx) => {
      const text = ctx.request.text({ limit: 3 })
      Object.setPrototypeOf(ctx.req, Object.create(IncomingMessage.prototype) as object)
      ctx.body = await text
    })
    const client = new Client(await serve(app)).send('POST / HTTP/1.1\r\nHost: ebb\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n')
    await client.sees('413')
    client.send('2\r\nef\r\n0\r\n\r\n' + 'POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 1\r\n\r\nx')
    expect(await client.sees('200 OK')).to.match(/x$/)
  })

  it('rejects with the reason of an abort in its end event', async () => {
    const app = new App()
    app.use(async (ctx) => {
      ctx.req.on('end', () => ctx.abort(new Error('over')))
      ctx.body = await ctx.request.text().catch(String)
    })
    const port = await serveAny(http.createServer(app.callback()).listen(0))
    expect((await ask(port, { method: 'POST', body: 'abc' })).body).to.equal('Error: over')
  })

  it('goes on for one app when another fails to read it', async () => {
    const inner = new App()
    const failed = new Promise((resolve) => {
      inner.use(async (ctx) => {
        ctx.respond = false
        const text = ctx.request.text()
        ctx.abort(new Error('no longer wanted'))
        await text.catch(resolve)
      })
    })
    const handler = inner.callback()
    const app = new App().use(async (ctx) => {
      const text = ctx.request.text()
      void handler(ctx.req, ctx.res)
      await failed
      client.send('cd')
      ctx.body = await text
    })
    const client = new Client(await serve(app)).send(`${HEAD}ab`)
    await client.sees('abcd')
    await inner.idle()
  })

  it('is not read of a request that was destroyed, though all of it has come', async () => {
    const app = new App()
    const failed = new Promise((resolve) => app.use(async (ctx) => {
      const text = ctx.request.text()
      ctx.req.destroy()
      await text.then(resolve, resolve)
    }))
    new Client(await serve(app)).send(`${HEAD}abcd`)
    expect(await failed).to.include({ code: 'EBB_CLIENT_GONE' })
  })

  it('of a request that was derived from that of Node is read', async () => {
    const inner = new App().use(async (ctx) => { ctx.body = await ctx.request.text() })
    const handler = inner.callback()
    const app = new App().use(async (ctx) => {
      ctx.respond = false
      await handler(Object.create(ctx.req) as IncomingMessage, ctx.res)
    })
    expect((await ask(await serve(app), { method: 'POST', body: 'abc' })).body).to.equal('abc')
  })

  for (const body of ['Content-Length: 4\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n']) {
    it(`and comes after its answer, unread (${body.trim()}), is an error, not empty`, async () => {
      const app = new App()
      app.silent = true
      let late: Promise<unknown> | undefined
      app.use((ctx) => {
        ctx.body = 'early'
        late = once(ctx.res, 'close').then(() => ctx.request.text()).catch(String)
        ctx.waitUntil(late)
      })
      const client = new Client(await serve(app)).send(`POST / HTTP/1.1\r\nHost: ebb\r\n${body}`)
      await client.sees('early')
      expect(await late).to.equal('TypeError: Cannot read the body: its request was answered, and Node has dropped it')
    })
  }

  it('comes of a stand-in of strings or of bytes that are no Buffer', async () => {
    const app = new App()
    for (const chunks of [['ab', 'cd'], ['abcd'], [new Uint8Array([97, 98, 99, 100])]]) {
      const req = Object.assign(Readable.from(chunks), { headers: {}, httpVersionMajor: 1 }) as unknown as IncomingMessage
      expect(await app.createContext(req, new http.ServerResponse(req)).request.text()).to.equal('abcd')
    }
  })

  it('is the same when somebody pushes bytes that are no Buffer', async () => {
    const app = new App().use(async (ctx) => {
      const text = ctx.request.text()
      ctx.req.push(new Uint8Array([97, 98]))
      ctx.body = await text
    })
    expect((await ask(await serve(app), { method: 'POST', body: 'cd' })).body).to.equal('abcd')
  })

  it('that does not fit into memory is answered 413', async () => {
    const app = new App()
    app.silent = true
    app.use(async (ctx) => {
      const read = ctx.request.buffer({ limit: Infinity })
      const part = Buffer.alloc(2 ** 28) // which the system makes of no memory until it is written to
      for (let i = 0; i < 400_000; i++) ctx.req.push(part)
      ctx.body = await read
    })
    expect((await ask(await serve(app), { method: 'POST', body: 'abc' })).body).to.equal(`The body's ${400_000 * 2 ** 28 + 3} bytes do not fit into memory`)
  })

  it('has the limit of the first call, and every call checks its own', async () => {
    const app = new App().use(async (ctx) => {
      ctx.body = [await ctx.request.text({ limit: Infinity }), await ctx.request.text({ limit: 1 }), await ctx.request.text({ limit: -1 }).catch((error: Error) => error.name)]
    })
    expect((await ask(await serve(app), { method: 'POST', body: 'abc' })).body).to.equal('["abc","abc","RangeError"]')
  })

  it('can be read after a call with wrong options', async () => {
    const app = new App().use(async (ctx) => {
      const wrong = [null, { limit: NaN }].map((options) => ctx.request.text(options as never).then(() => 'read', () => 'rejected'))
      ctx.body = [...(await Promise.all(wrong)), await ctx.request.text()]
    })
    expect((await ask(await serve(app), { method: 'POST', body: 'abc' })).body).to.equal('["rejected","rejected","abc"]')
  })

  it('was read for a second reader, also under another prototype', async () => {
    const app = new App().use(async (ctx) => {
      await ctx.request.text()
      Object.setPrototypeOf(ctx.req, Object.create(IncomingMessage.prototype) as object)
      ctx.body = await (Object.create(ctx.request, { _rawBody: { value: undefined, writable: true } }) as typeof ctx.request).text().catch(String)
    })
    expect((await ask(await serve(app), { method: 'POST', body: 'abc' })).body).to.equal('TypeError: Cannot read the body: it was read already')
  })

  it('is read by two at once', async () => {
    const app = new App().use(async (ctx) => {
      ctx.body = await Promise.all([ctx.request, Object.create(ctx.request) as typeof ctx.request, ctx.request].map((request) => request.text()))
    })
    expect((await ask(await serve(app), { method: 'POST', body: 'abc' })).body).to.equal('["abc","abc","abc"]')
  })

  for (const method of ['on', 'emit', 'push', 'read'] as const) {
    it(`is seen by who wraps req.${method}, as monitoring does to capture bodies`, async () => {
      const app = new App()
      const seen: string[] = []
      app.use(async (ctx, next) => {
        const { req } = ctx
        const original = req[method] as (...args: unknown[]) => unknown
        Object.assign(req, {
          [method](this: IncomingMessage, ...args: unknown[]) {
            const [first, second] = args
            if (method === 'on' && first === 'data') original.call(this, 'data', (chunk: Buffer) => seen.push(String(chunk)))
            else if (method === 'emit' && first === 'data') seen.push(String(second))
            else if (method === 'push' && first !== null) seen.push(String(first))
            const result = original.apply(this, args)
            if (method === 'read' && result !== null) seen.push(String(result))
            return result
          },
        })
        await next()
      })
      app.use(async (ctx) => { ctx.body = await ctx.request.text() })
      expect((await ask(await serve(app), { method: 'POST', body: 'abc' })).body).to.equal('abc')
      expect(seen).to.deep.equal(['abc'])
    })
  }

  it('has ended and closed when the handler has it, and tells that it was read', async () => {
    const app = new App()
    const flags = async ({ req, request }: Context) => {
      const text = await request.text()
      await new Promise(setImmediate)
      return [text, req.readableDidRead, req.readable, req.readableEnded, req.destroyed, req.closed, req.complete, req.readableAborted]
    }
    app.use(async (ctx) => { ctx.body = await flags(ctx) })
    for (const port of [await serve(app), await serveAny(http.createServer(app.callback()).listen(0))]) {
      expect((await ask(port, { method: 'POST', body: 'abc' })).body).to.equal('["abc",true,false,true,true,true,true,false]')
      expect((await ask(port, { method: 'POST' })).body).to.equal('["",false,false,true,true,true,true,false]')
    }
  })
})
