import { once } from 'node:events'
import http2 from 'node:http2'
import { expect } from 'chai'
import { App, type Context, type EventStream } from '@ebbjs/core'
import { ask, Client, gate, GET, serve } from './harness'

/** An app that opens a stream for each request, and the stream of the first. */
function streaming(): { app: App; opened: Promise<EventStream> } {
  const app = new App()
  const opened = gate<EventStream>()
  app.use((ctx) => opened.open(ctx.sse()))
  return { app, opened: opened.promise }
}

describe('ctx.sse', () => {
  it('sends events in the form of the standard', async () => {
    const { app, opened } = streaming()
    const client = new Client(await serve(app)).send(GET)
    const stream = await opened
    stream.send({ data: 'two\nlines', event: 'order', id: 7 })
    stream.send({ data: { a: 1 } })
    stream.send({ data: '' })
    stream.close()
    stream.close()
    expect(stream.send({ data: 'late' })).to.equal(false)
    const text = await client.all()
    expect(text).to.match(/^HTTP\/1.1 200 OK\r\n/)
    expect(text).to.contain('Content-Type: text/event-stream').and.to.contain('Cache-Control: no-cache')
    const events = text.slice(text.indexOf('\r\n\r\n')).replaceAll(/\r\n[0-9a-f]+\r\n/g, '').replaceAll('\r\n', '')
    expect(events).to.equal('event: order\nid: 7\ndata: two\ndata: lines\n\ndata: {"a":1}\n\ndata: \n\n')
    await stream.closed
  })

  it('refuses an event or id of more than one line', async () => {
    const { app, opened } = streaming()
    const client = new Client(await serve(app)).send(GET)
    const stream = await opened
    expect(() => stream.send({ data: 1, event: 'a\ndata: b' })).to.throw(TypeError, "Cannot send an event with event 'a\\ndata: b': it must be one line")
    expect(() => stream.send({ data: 1, id: 'a\rb' })).to.throw(TypeError, 'id')
    stream.close()
    await client.closed
  })

  it('ends itself when the server drains: when to come back, last chunk, FIN', async () => {
    const { app, opened } = streaming()
    const client = new Client(await serve(app)).send(GET)
    const stream = await opened
    stream.send({ data: 'one' })
    const ended = once(client.socket, 'end')
    app.beginStop({ cause: 'SIGTERM' })
    await Promise.all([stream.closed, ended])
    const retry = /\nretry: (\d+)\n\n\r\n0\r\n\r\n$/.exec(client.text)
    expect(Number(retry?.[1])).to.be.within(1000, 2000)
  })

  it('tells a client that comes during the drain to come back later', async () => {
    const { app } = streaming()
    const port = await serve(app)
    app.beginStop({ cause: 'SIGTERM' })
    expect(await new Client(port).send(GET).all()).to.match(/^HTTP\/1.1 200 OK[^]*retry: \d+\n\n\r\n0\r\n\r\n$/)
  })

  it('is closed when its client leaves', async () => {
    const { app, opened } = streaming()
    const client = new Client(await serve(app)).send(GET)
    const stream = await opened
    client.socket.destroy()
    await stream.closed
    expect(stream.send({ data: 'x' })).to.equal(false)
    await app.idle()
  })

  it('says when the client reads more slowly than events are sent', async () => {
    const { app, opened } = streaming()
    const client = new Client(await serve(app)).send(GET)
    client.socket.pause()
    const stream = await opened
    expect(stream.send({ data: 'x' })).to.equal(true)
    expect(stream.send({ data: 'x'.repeat(1_000_000) })).to.equal(false)
    client.socket.destroy()
  })

  it('speaks HTTP/2', async () => {
    const { app, opened } = streaming()
    const session = http2.connect(`http://localhost:${await serve(app, app.attach(http2.createServer()).listen(0))}`)
    const request = session.request()
    let text = ''
    request.on('data', (chunk) => { text += String(chunk) })
    const stream = await opened
    stream.send({ data: 'one' })
    app.beginStop({ cause: 'SIGTERM' })
    await once(request, 'end')
    expect(text).to.match(/^data: one\n\nretry: \d+\n\n$/)
    session.close()
    await once(session, 'close')
  })

  it('is closed from the beginning for a client that has left', async () => {
    const app = new App()
    const [arrived, left] = [gate<Context>(), gate()]
    const streams: EventStream[] = []
    app.use(async (ctx) => {
      arrived.open(ctx)
      await left.promise
      streams.push(ctx.sse(), ctx.sse())
      for (const stream of streams) await stream.closed
    })
    const client = new Client(await serve(app)).send(GET)
    const { res } = await arrived.promise
    client.socket.destroy()
    await once(res, 'close')
    left.open()
    await app.idle()
    expect(streams.map((stream) => stream.send({ data: 'x' }))).to.deep.equal([false, false])
  })

  it('is closed from the beginning for an HTTP/2 client that has left', async () => {
    const app = new App()
    const [arrived, left] = [gate<Context>(), gate()]
    app.use(async (ctx) => {
      arrived.open(ctx)
      await left.promise
      await ctx.sse().closed
    })
    const session = http2.connect(`http://localhost:${await serve(app, app.attach(http2.createServer()).listen(0))}`)
    const request = session.request()
    request.on('error', () => {})
    const { res } = await arrived.promise
    request.close(http2.constants.NGHTTP2_CANCEL)
    await once(res, 'close')
    left.open()
    await app.idle()
    session.close()
    await once(session, 'close')
  })

  it('is closed from the beginning for a request that was answered 503 at its deadline', async () => {
    const app = new App({ timeout: 1 })
    const answered = gate()
    app.use(async (ctx) => {
      await answered.promise
      await ctx.sse().closed
    })
    expect(await ask(await serve(app))).to.include({ status: 503 })
    answered.open()
    await app.idle()
  })

  it('ends at once for HEAD, which has no body', async () => {
    const app = new App()
    app.use((ctx) => ctx.sse().closed)
    const text = await new Client(await serve(app)).send(GET.replace('GET', 'HEAD')).all()
    expect(text).to.match(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n$/).and.to.contain('Content-Type: text/event-stream')
    const session = http2.connect(`http://localhost:${await serve(app, app.attach(http2.createServer()).listen(0))}`)
    const request = session.request({ ':method': 'HEAD' }).resume()
    await once(request, 'end')
    session.close()
    await once(session, 'close')
  })

  it('ends its connection whatever a middleware has set', async () => {
    const app = new App()
    app.use((ctx) => {
      ctx.set('Connection', 'keep-alive')
      ctx.body = 'replaced'
      const stream = ctx.sse()
      stream.send({ data: 'more than the body before' })
      stream.close()
    })
    const text = await new Client(await serve(app)).send(GET).all()
    expect(text).to.contain('Connection: close').and.to.contain('more than the body before').and.not.to.contain('Content-Length')
  })

  it('refuses to begin twice, and the first goes on', async () => {
    const app = new App()
    app.use((ctx) => {
      const stream = ctx.sse()
      expect(() => ctx.sse()).to.throw('Cannot begin an event stream: the head of the response was sent already')
      stream.send({ data: 'one' })
      stream.close()
    })
    expect(await new Client(await serve(app)).send(GET).all()).to.contain('data: one\n\n')
  })

  it('sends nothing of an event that has no JSON, or closes the stream while it is made', async () => {
    const { app, opened } = streaming()
    const client = new Client(await serve(app)).send(GET)
    const stream = await opened
    expect(() => stream.send({ data: 1n, event: 'bad' })).to.throw(TypeError)
    stream.send({ data: 'good' })
    expect(stream.send({ data: { toJSON: () => stream.close() } })).to.equal(false)
    await stream.closed
    expect((await client.all()).split('\r\n').filter((line) => line.startsWith('data'))).to.deep.equal(['data: good\n\n'])
  })

  describe('behind another request of its connection', () => {
    /** A stream that waits for the request before it. */
    async function queued(): Promise<{ app: App; client: Client; stream: EventStream; ctx: Context; first: () => void }> {
      const app = new App()
      const first = gate()
      const opened = gate<[EventStream, Context]>()
      app.use(async (ctx) => {
        if (ctx.path === '/first') {
          await first.promise
          ctx.body = 'first'
          return
        }
        const stream = ctx.sse()
        opened.open([stream, ctx])
        await stream.closed
      })
      const client = new Client(await serve(app)).send(GET.replace('/', '/first') + GET)
      const [stream, ctx] = await opened.promise
      return { app, client, stream, ctx, first: () => first.open() }
    }

    it('is sent in its turn', async () => {
      const { client, stream, first } = await queued()
      expect(stream.send({ data: 'early' })).to.equal(true)
      first()
      await client.sees('data: early')
      stream.close()
      expect(await client.all()).to.match(/first[^]*data: early/)
    })

    it('is closed when its client goes', async () => {
      const { app, client, stream, ctx, first } = await queued()
      client.socket.destroy()
      await stream.closed
      expect(stream.send({ data: 'x' })).to.equal(false)
      expect(ctx.signal.aborted).to.equal(true)
      first()
      await app.idle()
    })

    it('holds no more than a little, and then ends with its connection, after the answer before it', async () => {
      const { app, client, stream, ctx, first } = await queued()
      let sent = 0
      while (stream.send({ data: 'x'.repeat(1_000) }) || !ctx.signal.aborted) sent++
      expect(sent).to.be.below(100)
      await stream.closed
      expect(ctx.signal.reason).to.include({ code: 'EBB_CLIENT_GONE', message: 'The client does not read its event stream' })
      first()
      expect(await client.all()).to.match(/\r\n\r\nfirst$/)
      await app.idle()
    })
  })

  it('is reset when its client leaves too much unread', async () => {
    const { app, opened } = streaming()
    const client = new Client(await serve(app)).send(GET)
    await client.sees('\r\n\r\n')
    client.socket.pause()
    const stream = await opened
    const [ctx] = app.inflight
    const event = { data: 'x'.repeat(1_000_000) }
    let sent = 0
    while (!ctx!.signal.aborted) {
      stream.send(event)
      sent++
      await new Promise(setImmediate)
    }
    await stream.closed
    expect(sent).to.be.within(16, 40) // what the kernel holds comes on top
    await app.idle() // within the second that a client has to leave
  })
})
