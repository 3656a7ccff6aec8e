import { mkdtempSync, rmdirSync } from 'node:fs'
import { once } from 'node:events'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { gracefulShutdown } from '../../src'

const quiet = { signals: false, fatal: false, exit: false, logger: false } as const
const portOf = (server: net.Server | http2.Http2Server) => (server.address() as AddressInfo).port

describe('a stop', () => {
  it('goes on when the readiness file cannot be removed, and says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ebb-'))
    const lines: string[] = []
    const shutdown = gracefulShutdown(new App(), { ...quiet, logger: (line) => void lines.push(line) })
    shutdown.health({ file: folder })
    const { clean } = await shutdown.stop()
    rmdirSync(folder)
    expect(clean).to.equal(true)
    expect(lines.join('\n')).to.match(/readiness could not be told: .*EISDIR|directory/i)
  })

  it('goes on when the logger rejects', async () => {
    const shutdown = gracefulShutdown(new App(), { ...quiet, logger: () => Promise.reject(new Error('log host is down')) as never })
    expect((await shutdown.stop()).clean).to.equal(true)
  })

  it('is one promise, however often it is asked for', async () => {
    const shutdown = gracefulShutdown(new App(), quiet)
    const stopped = shutdown.stop()
    expect(shutdown.stop()).to.equal(stopped)
    await stopped
  })

  it('claims all of its targets or none', () => {
    const [free, owned] = [new App(), new App()]
    const owner = gracefulShutdown(owned, quiet)
    expect(() => gracefulShutdown([free, owned], quiet)).to.throw(TypeError, 'Cannot shut down App twice')
    const mine = gracefulShutdown(free, quiet)
    for (const shutdown of [owner, mine]) shutdown.uninstall()
    expect(() => gracefulShutdown([], quiet)).to.throw(TypeError, 'Cannot shut down []')
  })

  it('serves what is on its way also with abortAfter 0, with its signal aborted', async () => {
    const app = new App()
    app.use((ctx) => { ctx.body = 'served' })
    const server = app.listen(0)
    await once(server, 'listening')
    const shutdown = gracefulShutdown(app, { ...quiet, abortAfter: 0 })
    const socket = net.connect(portOf(server), '127.0.0.1')
    await once(server, 'connection')
    const stopped = shutdown.stop()
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).to.match(/^HTTP\/1\.1 200 .*served$/s)
    await stopped
  })

  it('leaves connections of a net server alone until the abort', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => setTimeout(() => socket.end('late answer'), 1_300)) // after every grace of HTTP's
    }).listen(0)
    await once(server, 'listening')
    const shutdown = gracefulShutdown(server, quiet)
    const socket = net.connect(portOf(server), '127.0.0.1')
    socket.write('question')
    await once(server, 'connection')
    const stopped = shutdown.stop()
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).to.equal('late answer')
    await stopped
  })

  it('resets an HTTP/2 response that has begun, at the cut, and counts its connection once', async () => {
    const app = new App()
    app.use(async (ctx) => {
      ctx.respond = false
      ctx.res.write('abc')
      await new Promise(() => {})
    })
    const server = app.attach(http2.createServer())
    server.listen(0)
    await once(server, 'listening')
    const shutdown = gracefulShutdown(app, { ...quiet, timeout: 600, abortAfter: 50, cleanupTimeout: 400 })
    const session = http2.connect(`http://localhost:${portOf(server)}`)
    session.on('error', () => {})
    const stream = session.request({ ':path': '/' })
    const failed = once(stream, 'close').then(() => 'whole', (error: NodeJS.ErrnoException) => error.code)
    await once(stream, 'data')
    const { connections, requests } = await shutdown.stop()
    expect(await failed).to.equal('ERR_HTTP2_STREAM_ERROR')
    expect({ ...connections, ...requests }).to.include({ drained: 0, destroyed: 1, cut: 1 })
    session.destroy()
  })
})
