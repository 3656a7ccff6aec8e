import { once } from 'node:events'
import http2 from 'node:http2'
import { expect } from 'chai'
import { App, type EventStream } from '@ebbjs/core'
import { Client, gate, GET, serve } from './harness'

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
})
