import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { certificate } from './certificate'
import { ask, Client, GET, serve } from './harness'

function hello(): App {
  const app = new App()
  app.use((ctx) => { ctx.body = `hello over ${ctx.req.httpVersion}` })
  return app
}

async function h2get(port: number, secure: boolean): Promise<string> {
  const session = http2.connect(`http${secure ? 's' : ''}://localhost:${port}`, { rejectUnauthorized: false })
  const stream = session.request({ ':path': '/' })
  let body = ''
  for await (const chunk of stream) body += String(chunk)
  session.close()
  await once(session, 'close')
  return body
}

describe('app.servers', () => {
  it('holds what listen made until it is closed', async () => {
    const app = hello()
    const server = app.listen(0)
    await serve(app, server)
    expect([...app.servers]).to.deep.equal([server])
    server.close()
    await once(server, 'close')
    expect(app.servers.size).to.equal(0)
  })

  it('takes every form of listen that http.Server has', async () => {
    const app = hello()
    const path = join(tmpdir(), `ebb-${process.pid}.sock`)
    for (const args of [[0], [0, '127.0.0.1'], [0, () => {}], [{ port: 0, host: '127.0.0.1' }], [path], [{ path }], []]) {
      const server = app.listen(...args)
      await once(server, 'listening')
      server.close()
      await once(server, 'close')
    }
  })

  it('holds several at once: http, https, http2 and http2 over TLS', async () => {
    const app = hello()
    const plain = await serve(app)
    const secure = await serve(app, app.attach(https.createServer(certificate)).listen(0))
    const h2c = await serve(app, app.attach(http2.createServer()).listen(0))
    const h2 = await serve(app, app.attach(http2.createSecureServer(certificate)).listen(0))
    expect(app.servers.size).to.equal(4)
    expect((await ask(plain)).body).to.equal('hello over 1.1')
    expect((await ask(secure, { via: https.request })).body).to.equal('hello over 1.1')
    expect(await h2get(h2c, false)).to.equal('hello over 2.0')
    expect(await h2get(h2, true)).to.equal('hello over 2.0')
    await app.idle()
  })

  it('holds a server that is met through callback() from its first request on', async () => {
    const app = hello()
    const server = http.createServer(app.callback())
    const port = await serve(app, server.listen(0))
    expect(app.servers.size).to.equal(0)
    const client = new Client(port).send(GET)
    await client.sees('hello')
    expect([...app.servers]).to.deep.equal([server])
    expect(app.connections.size).to.equal(1)
  })

  it('holds an http2 server that is met through callback()', async () => {
    const app = hello()
    const server = http2.createServer(app.callback())
    expect(await h2get(await serve(app, server.listen(0)), false)).to.equal('hello over 2.0')
    expect([...app.servers]).to.deep.equal([server])
  })
})

describe('app.attach', () => {
  it('returns the server, which may listen before or after', async () => {
    const app = hello()
    const early = http.createServer().listen(0)
    await once(early, 'listening')
    expect(app.attach(early)).to.equal(early)
    expect((await ask(await serve(app, early))).body).to.equal('hello over 1.1')
    expect((await ask(await serve(app, app.attach(http.createServer()).listen(0)))).body).to.equal('hello over 1.1')
  })

  it('answers once if a function of callback() listens already, and if it is called twice', async () => {
    const app = hello()
    const server = http.createServer(app.callback())
    app.attach(server)
    app.attach(server)
    expect(server.listenerCount('request')).to.equal(1)
    expect((await ask(await serve(app, server.listen(0)))).status).to.equal(200)
  })
})

describe('app.connections', () => {
  it('holds a socket from its connection on, before it has sent a byte', async () => {
    const app = hello()
    const port = await serve(app)
    const connected = once([...app.servers][0]!, 'connection')
    const client = new Client(port)
    const [socket] = (await connected) as [net.Socket]
    expect([...app.connections]).to.deep.equal([socket])
    client.socket.destroy()
    await once(socket, 'close')
    expect(app.connections.size).to.equal(0)
  })

  it('holds a raw TLS socket before its handshake, and its TLSSocket instead after it', async () => {
    const app = hello()
    const server = app.attach(https.createServer(certificate)).listen(0)
    const port = await serve(app, server)
    const connected = once(server, 'connection')
    const raw = net.connect(port, '127.0.0.1')
    const [socket] = (await connected) as [net.Socket]
    expect([...app.connections]).to.deep.equal([socket])
    expect(socket).not.to.be.instanceOf(tls.TLSSocket)

    const secured = once(server, 'secureConnection')
    const client = new Client(tls.connect({ socket: raw, rejectUnauthorized: false }))
    const [secure] = (await secured) as [tls.TLSSocket]
    expect([...app.connections]).to.deep.equal([secure])
    client.send(GET)
    await client.sees('hello')
    client.socket.destroy()
    await once(secure, 'close')
    expect(app.connections.size).to.equal(0)
  })

  it('forgets a TLS socket whose handshake fails', async () => {
    const app = hello()
    const server = app.attach(https.createServer(certificate)).listen(0)
    const connected = once(server, 'connection')
    const client = new Client(await serve(app, server)).send('this is no handshake at all, but long enough\r\n')
    const [socket] = (await connected) as [net.Socket]
    if (!socket.destroyed) await once(socket, 'close')
    await client.closed
    expect(app.connections.size).to.equal(0)
  })

  it('has the http2 sessions beside it', async () => {
    const app = hello()
    const server = app.attach(http2.createServer()).listen(0)
    const port = await serve(app, server)
    const met = once(server, 'session')
    const session = http2.connect(`http://localhost:${port}`)
    const [theirs] = (await met) as [http2.ServerHttp2Session]
    expect([...app.sessions]).to.deep.equal([theirs])
    const gone = once(theirs, 'close')
    session.close()
    await gone
    expect(app.sessions.size).to.equal(0)
  })
})
