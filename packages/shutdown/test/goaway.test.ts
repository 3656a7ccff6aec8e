import { once } from 'node:events'
import http2 from 'node:http2'
import { type AddressInfo } from 'node:net'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { certificate, Gate, Service } from './service'
import { DATA, FrameClient, HEADERS, HIGHEST_ID, PING, SETTINGS } from './frames'

describe('the GOAWAY of a server that stops', () => {
  afterEach(async () => {
    FrameClient.closeAll()
    await Service.stopAll()
  })

  async function serve(answer: (path: string) => Promise<string> | string): Promise<Service> {
    const app = new App()
    app.use(async (ctx) => {
      ctx.body = await answer(ctx.path)
    })
    return Service.of(app, app.attach(http2.createServer()).listen(0, '127.0.0.1'))
  }

  const isPing = ({ type, flags }: { type: number; flags: number }) => type === PING && flags === 0
  const answers = (stream: number) => (frame: { type: number; stream: number }) => frame.type === HEADERS && frame.stream === stream

  it('comes in two steps: streams that arrive before the client has acknowledged the first are served', async () => {
    const service = await serve(() => 'ok')
    const client = await FrameClient.session(service.port)
    const stopped = service.shutdown.stop()
    await client.goaway(HIGHEST_ID)
    const ping = await client.next(isPing)
    for (const stream of [1, 3]) {
      client.get('/', stream)
      expect((await client.next(answers(stream))).payload[0]).to.equal(0x88) // status 200
    }
    expect(client.lastStreams).to.deep.equal([HIGHEST_ID])
    client.acknowledge(ping)
    await client.goaway(3)
    client.socket.end()
    const { connections, requests } = await stopped
    expect(connections).to.deep.equal({ idle: 0, drained: 1, destroyed: 0 })
    expect(requests).to.deep.equal({ finished: 2, aborted: 0, cut: 0 })
  })

  it('refuses streams after its second step unrun, and those before finish', async () => {
    const [entered, gate] = [new Gate(), new Gate<string>()]
    const paths: string[] = []
    const service = await serve((path) => {
      paths.push(path)
      entered.open()
      return gate.opened
    })
    const client = (await FrameClient.session(service.port)).get('/first', 1)
    await entered.opened
    const stopped = service.shutdown.stop()
    client.acknowledge(await client.next(isPing))
    await client.goaway(1)
    client.get('/late', 3).send(PING, 0, 0, Buffer.from('the last'))
    await client.next(({ type, payload }) => type === PING && payload.toString() === 'the last')
    gate.open('done')
    await client.next(({ type, stream, payload }) => type === DATA && stream === 1 && payload.toString() === 'done')
    client.socket.end()
    expect((await stopped).clean).to.equal(true)
    expect(paths).to.deep.equal(['/first'])
  })

  it('takes its second step after 1_000 ms if the client does not acknowledge the first', async () => {
    const service = await serve(() => 'ok')
    const client = await FrameClient.session(service.port)
    const stopped = service.shutdown.stop()
    await client.goaway(HIGHEST_ID)
    const begun = performance.now()
    await client.goaway(0)
    expect(performance.now() - begun).to.be.within(900, 2_000)
    client.socket.end()
    expect((await stopped).clean).to.equal(true)
  })

  it('waits for the first requests of a session that has just begun', async () => {
    const service = await serve(() => 'ok')
    const connected = once(service.server, 'session')
    const client = await FrameClient.connect(service.port)
    await connected
    const stopped = service.shutdown.stop()
    await service.draining()
    client.preface().get('/', 1)
    expect((await client.next(answers(1))).payload[0]).to.equal(0x88)
    expect(client.lastStreams).to.deep.equal([])
    client.send(SETTINGS, 1) // acknowledges
    client.acknowledge(await client.next(isPing))
    await client.goaway(1)
    expect(client.lastStreams.slice(0, 2)).to.deep.equal([HIGHEST_ID, 1]) // Node says the last once more as the session ends
    client.socket.end()
    expect((await stopped).requests.finished).to.equal(1)
  })

  it('never comes between the bytes of another frame', async () => {
    const chunk = Buffer.alloc(3_000_000, 'x')
    const server = http2.createServer().on('stream', (stream) => {
      stream.respond()
      stream.end(chunk)
    })
    const service = await Service.of(server, server.listen(0, '127.0.0.1'))
    const settings = { initialWindowSize: HIGHEST_ID }
    const session = http2.connect(`http://127.0.0.1:${service.port}`, { settings })
    await once(session, 'remoteSettings')
    session.setLocalWindowSize(HIGHEST_ID)
    const lengths = [1, 2, 3, 4].map(async () => {
      let length = 0
      for await (const data of session.request({ ':path': '/' })) length += (data as Buffer).length
      return length
    })
    await once(server, 'stream')
    const stopped = service.shutdown.stop() // while the kernel has no room for what is sent
    expect(await Promise.all(lengths)).to.deep.equal([1, 2, 3, 4].map(() => chunk.length))
    expect((await stopped).clean).to.equal(true)
  })

  it('is one over TLS, and lets streams in flight finish', async () => {
    const gate = new Gate()
    const server = http2.createSecureServer(certificate).on('stream', (stream) => {
      stream.respond()
      void gate.opened.then(() => stream.end('done'))
    })
    const service = await Service.of(server, server.listen(0, '127.0.0.1'))
    const session = http2.connect(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, { rejectUnauthorized: false })
    const told: number[] = []
    session.on('goaway', (_code, lastStream: number) => told.push(lastStream))
    await once(session, 'remoteSettings')
    const stream = session.request({ ':path': '/' }).setEncoding('utf8')
    await once(stream, 'response')
    const goaway = once(session, 'goaway')
    const stopped = service.shutdown.stop()
    await goaway
    gate.open()
    let body = ''
    for await (const text of stream) body += text
    expect(body).to.equal('done')
    expect((await stopped).clean).to.equal(true)
    expect(new Set(told)).to.deep.equal(new Set([1]))
  })
})
