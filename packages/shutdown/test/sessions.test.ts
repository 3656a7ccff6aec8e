import { once } from 'node:events'
import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo } from 'node:net'
import { duplexPair } from './duplex-pair'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { type ShutdownOptions } from '../src'
import { FrameClient, HEADERS } from './frames'
import { certificate, Gate, Service } from './service'

describe('HTTP/2 sessions of a server that stops', () => {
  const clients: http2.ClientHttp2Session[] = []
  afterEach(async () => {
    FrameClient.closeAll()
    for (const client of clients.splice(0)) client.destroy()
    await Service.stopAll()
  })

  async function ofApp(answer = 'ok', options: ShutdownOptions = {}): Promise<Service> {
    const app = new App()
    app.use((ctx) => {
      ctx.body = answer
    })
    return Service.of(app, app.attach(http2.createServer()).listen(0, '127.0.0.1'), options)
  }

  async function onStream(listener: (stream: ServerHttp2Stream) => void, options: ShutdownOptions = {}): Promise<Service> {
    const server = http2.createServer().on('stream', listener)
    return Service.of(server, server.listen(0, '127.0.0.1'), options)
  }

  function connect({ port }: Service, options: http2.SecureClientSessionOptions = {}): http2.ClientHttp2Session {
    const client = http2.connect(`http://127.0.0.1:${port}`, options)
    client.on('error', () => {})
    clients.push(client)
    return client
  }

  /** How long (ms) a stop takes. */
  async function stop({ shutdown }: Service) {
    const begun = performance.now()
    const report = await shutdown.stop()
    return { report, took: performance.now() - begun }
  }

  it('whose client does not close its side end 1_000 ms after our FIN', async () => {
    const service = await ofApp()
    const client = await FrameClient.session(service.port)
    const { took, report } = await stop(service) // 1_000 ms without an acknowledgement, and as long after the FIN
    expect(took).to.be.within(1_900, 3_500)
    expect(report.clean).to.equal(true)
    expect(report.connections).to.deep.equal({ idle: 0, drained: 1, destroyed: 0 })
    expect(client.socket.readableEnded).to.equal(true)
  })

  it('whose client says nothing at all hold the stop no longer', async () => {
    const service = await ofApp()
    const connected = once(service.server, 'session')
    await FrameClient.connect(service.port)
    await connected
    const { took, report } = await stop(service)
    expect(took).to.be.below(3_500)
    expect(report.clean).to.equal(true)
  })

  it('that had ended before the stop, without the FIN of their client, hold it no longer', async () => {
    const service = await ofApp()
    const connected = once(service.server, 'session')
    const client = await FrameClient.session(service.port)
    const [session] = (await connected) as [ServerHttp2Session]
    session.close()
    await once(client.socket, 'end')
    const { took, report } = await stop(service)
    expect(took).to.be.below(2_000)
    expect(report.clean).to.equal(true)
  })

  it('over TLS whose client does not close its side hold it no longer', async () => {
    const app = new App()
    const service = await Service.of(app, app.attach(http2.createSecureServer(certificate)).listen(0, '127.0.0.1'))
    await FrameClient.session(service.port, true)
    const { took, report } = await stop(service)
    expect(took).to.be.within(900, 3_500)
    expect(report.clean).to.equal(true)
  })

  it('end that are older than the shutdown', async () => {
    const app = new App()
    app.use((ctx) => {
      ctx.body = 'ok'
    })
    const server = app.attach(http2.createServer()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    clients.push(client)
    await once(client, 'remoteSettings')
    const closed = once(client, 'close')
    const service = await Service.of(app, server)
    const { report } = await stop(service)
    await closed
    expect(report.connections).to.deep.equal({ idle: 0, drained: 1, destroyed: 0 })
  })

  it('end that begin in the drain, after their first requests', async () => {
    const gate = new Gate()
    const service = await onStream((stream) => {
      stream.respond()
      void gate.opened.then(() => stream.end('done'))
    })
    const busy = connect(service).request({ ':path': '/' }).resume()
    await once(busy, 'response')
    const connected = once(service.server, 'connection')
    const young = await FrameClient.connect(service.port)
    await connected
    const stopped = stop(service)
    await service.draining()
    young.preface().get('/', 1)
    expect((await young.next(({ type }) => type === HEADERS)).payload[0]).to.equal(0x88) // status 200
    gate.open()
    await once(busy, 'close')
    young.socket.end()
    expect((await stopped).report.connections).to.deep.equal({ idle: 0, drained: 2, destroyed: 0 })
  })

  it('are waited for while their client still reads', async () => {
    const body = 'x'.repeat(1_000_000)
    const service = await ofApp(body)
    const stream = connect(service).request({ ':path': '/' })
    await once(stream, 'response')
    const stopped = stop(service)
    await service.draining()
    let length = 0
    for await (const chunk of stream) {
      length += (chunk as Buffer).length
      await new Promise((resolve) => setTimeout(resolve, 20)) // a slow reader, whose window is smaller than the body
    }
    expect(length).to.equal(body.length)
    expect((await stopped).report.clean).to.equal(true)
  })

  it('say that streams have failed which nobody knows, at the cut', async () => {
    const { port, shutdown } = await onStream((stream) => {
      stream.pushStream({ ':path': '/pushed' }, (_error, pushed) => {
        pushed.respond()
        pushed.write('begun')
      })
      stream.respond()
      stream.end('whole')
    }, { timeout: 1_000 })
    const client = connect({ port } as Service)
    const pushing = once(client, 'stream')
    client.request({ ':path': '/' }).resume()
    const [pushed] = (await pushing) as [http2.ClientHttp2Stream]
    const failed = once(pushed, 'error')
    await once(pushed, 'data')
    const { connections } = await shutdown.stop()
    await failed
    expect(connections).to.deep.equal({ idle: 0, drained: 0, destroyed: 1 })
  })

  it('that run over a stream of ours end with their streams', async () => {
    const gate = new Gate()
    const service = await onStream((stream) => {
      stream.respond()
      void gate.opened.then(() => stream.end('done'))
    })
    const [near, far] = duplexPair()
    service.server.emit('connection', far)
    const client = http2.connect('http://localhost', { createConnection: () => near })
    client.on('error', () => {})
    clients.push(client)
    const stream = client.request({ ':path': '/' }).setEncoding('utf8')
    await once(stream, 'response')
    const stopped = stop(service)
    await new Promise((resolve) => setTimeout(resolve, 400)) // longer than an idle connection of HTTP/1 is left open
    gate.open()
    let body = ''
    for await (const text of stream) body += text
    expect(body).to.equal('done')
    expect((await stopped).report.clean).to.equal(true)
  })
})
