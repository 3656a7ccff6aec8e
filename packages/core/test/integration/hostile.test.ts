import { once } from 'node:events'
import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { ask, Client, gate, GET, serve } from '../harness'

const head = (...lines: string[]) => ['POST / HTTP/1.1', 'Host: ebb', ...lines, '', ''].join('\r\n')

/** What a client sends, and how the connection answers: a status, or '' for a connection that is closed without a word. */
const cases: Record<string, [bytes: string, answer: RegExp]> = {
  'garbage': ['\0\x01\x02garbage\r\n\r\n', /^HTTP\/1.1 400 /],
  'a TLS hello': ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', /^HTTP\/1.1 400 /],
  'an HTTP/2 preface': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^HTTP\/1.1 (400|505) |^$/],
  'a method that is none': ['G\xcbT / HTTP/1.1\r\nHost: ebb\r\n\r\n', /^HTTP\/1.1 400 /],
  'a version that is none': ['GET / HTTP/9.9\r\nHost: ebb\r\n\r\n', /^HTTP\/1.1 (400|505) /],
  'no host': ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1.1 400 /],
  'a header without name': ['GET / HTTP/1.1\r\nHost: ebb\r\n: x\r\n\r\n', /^HTTP\/1.1 400 /],
  'a header with NUL': ['GET / HTTP/1.1\r\nHost: ebb\r\nX-A: a\0b\r\n\r\n', /^HTTP\/1.1 400 /],
  'headers of 20 kB': [`GET / HTTP/1.1\r\nHost: ebb\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1.1 431 /],
  'a negative length': [head('Content-Length: -1'), /^HTTP\/1.1 400 /],
  'two lengths': [head('Content-Length: 1', 'Content-Length: 2') + 'x', /^HTTP\/1.1 400 /],
  'length and chunks': [head('Content-Length: 4', 'Transfer-Encoding: chunked') + '0\r\n\r\n', /^HTTP\/1.1 400 /],
  'a chunk whose size is none': [head('Transfer-Encoding: chunked') + 'zz\r\nabc\r\n', /^HTTP\/1.1 400 |^$/],
  'a body past its length': [head('Content-Length: 1', 'Connection: close') + 'abcdef', /^HTTP\/1.1 (200|400) /],
  'a path of bytes': ['GET /\xff\xfe%zz%00 HTTP/1.1\r\nHost: ebb\r\nConnection: close\r\n\r\n', /^HTTP\/1.1 (200|400) /],
  'a path of 15 kB': [`GET /${'a'.repeat(15_000)} HTTP/1.1\r\nHost: ebb\r\nConnection: close\r\n\r\n`, /^HTTP\/1.1 200 /],
}

describe('what a client can send', () => {
  const errors: unknown[] = []

  /** Looks at all that a handler would look at. */
  function app(): App {
    const made = new App().use(async (ctx) => {
      void [ctx.query, ctx.URL, ctx.host, ctx.hostname, ctx.subdomains, ctx.ips, ctx.accepts('json'), ctx.is('json'), ctx.fresh, ctx.request.charset]
      ctx.body = { path: ctx.path, body: await ctx.request.text({ limit: 1000 }) }
    })
    made.on('error', (error) => errors.push(error))
    return made
  }

  beforeEach(() => { errors.length = 0 })

  for (const [name, [bytes, answer]] of Object.entries(cases)) {
    it(`${name}: answered or closed, and the next client is served`, async () => {
      const made = app()
      const port = await serve(made)
      expect(await new Client(port).send(bytes).all()).to.match(answer)
      expect((await ask(port)).status).to.equal(200)
      await made.idle()
      expect(made.connections.size).to.equal(0)
    })
  }

  it('ends at any byte: nothing in flight, no connection, no error', async () => {
    const made = app()
    const port = await serve(made)
    const whole = head('Content-Type: text/plain', 'Transfer-Encoding: chunked') + '5\r\nhello\r\n0\r\n\r\n'
    for (let length = 0; length <= whole.length; length += 3) {
      const met = once([...made.servers][0]!, 'connection')
      const client = new Client(port).send(whole.slice(0, length))
      const [socket] = (await met) as [typeof client.socket]
      while (socket.bytesRead < length) await new Promise(setImmediate)
      const closed = socket.destroyed || new Promise((resolve) => socket.once('close', resolve)) // it may fail, too
      client.socket.destroy()
      await closed
    }
    await made.idle()
    expect(made.connections.size).to.equal(0)
    expect(errors).to.deep.equal([])
  })

  it('comes byte by byte', async () => {
    const made = app()
    const client = new Client(await serve(made))
    client.socket.setNoDelay()
    for (const byte of head('Content-Length: 2', 'Connection: close') + 'hi') {
      client.send(byte)
      await new Promise(setImmediate)
    }
    expect(await client.all()).to.contain('{"path":"/","body":"hi"}')
  })

  it('is a hundred requests at once on one connection', async () => {
    const made = app()
    const client = new Client(await serve(made)).send(GET.repeat(100))
    expect(await client.sees('"path"', 100)).to.be.a('string')
    await made.idle()
  })

  it('is a head that never ends: closed by the time limits of the server', async () => {
    const made = new App({ server: { headersTimeout: 50, connectionsCheckingInterval: 10 } }).use((ctx) => { ctx.body = 'x' })
    expect(await new Client(await serve(made)).send('GET / HTTP/1.1\r\nHost:').all()).to.match(/^HTTP\/1.1 408 /)
  })
})

describe('a malformed URL in absolute form', () => {
  // Koa: 500, and an 'error'.
  it('is answered 400 by whoever reads the path, and is no error of the app', async () => {
    const app = new App()
    const errors: Error[] = []
    app.on('error', (error: Error & { expose?: boolean }) => { if (!error.expose) errors.push(error) })
    app.use((ctx) => { ctx.body = ctx.path })
    const text = await new Client(await serve(app)).send('GET http://[::bad/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').all()
    expect(text).to.match(/^HTTP\/1\.1 400 /)
    expect(text).to.include('Malformed URL')
    expect(errors).to.deep.equal([])
  })
})

describe('a pipeline behind a response that says close', () => {
  it('is in flight no longer than its connection', async () => {
    const app = new App()
    const last = gate()
    app.use(async (ctx) => {
      if (ctx.path === '/2') ctx.set('Connection', 'close')
      if (ctx.path === '/3') await last.promise
      ctx.body = ctx.path
    })
    const client = new Client(await serve(app))
    client.send(['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
    await client.closed
    last.open()
    await app.idle()
    expect(app.inflight.size).to.equal(0)
  })
})
