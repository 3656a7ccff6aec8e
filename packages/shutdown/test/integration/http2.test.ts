import { once } from 'node:events'
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type Http2Server } from 'node:http2'
import { App, type Context } from '@ebbjs/core'
import { expect } from 'chai'
import { certificate, Gate, Service } from '../service'

for (const [kind, create] of [
  ['h2c, App', 'plain'],
  ['h2, App', 'secure'],
  ['h2c, bare', 'plain'],
  ['h2, bare', 'secure'],
] as const) {
  describe(`HTTP/2 of a server that stops (${kind})`, () => {
    const sessions: ClientHttp2Session[] = []
    afterEach(async () => {
      for (const session of sessions.splice(0)) session.destroy()
      await Service.stopAll()
    })

    async function serve(handler: (path: string) => Promise<string> | string, options = {}): Promise<Service> {
      const app = new App()
      app.use(async (ctx: Context) => {
        ctx.body = await handler(ctx.path)
      })
      const listener = async (req: http2.Http2ServerRequest, res: http2.Http2ServerResponse) => res.end(await handler(req.url))
      const server: Http2Server | http2.Http2SecureServer =
        create === 'plain' ? http2.createServer() : http2.createSecureServer({ ...certificate, allowHTTP1: true })
      if (kind.endsWith('App')) app.attach(server)
      else server.on('request', (req: http2.Http2ServerRequest, res: http2.Http2ServerResponse) => void listener(req, res))
      return Service.of(kind.endsWith('App') ? app : server, server.listen(0, '127.0.0.1'), options)
    }

    async function connect({ port }: Service): Promise<ClientHttp2Session> {
      const session = http2.connect(`${create === 'plain' ? 'http' : 'https'}://127.0.0.1:${port}`, { rejectUnauthorized: false })
      session.on('error', () => {})
      sessions.push(session)
      await once(session, 'remoteSettings')
      return session
    }

    async function answer(stream: ClientHttp2Stream): Promise<[status: unknown, body: string]> {
      let body = ''
      stream.setEncoding('utf8').on('data', (text: string) => (body += text))
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
      await once(stream, 'end')
      return [headers[':status'], body]
    }

    it('sessions are told within `spread`, at even steps', async () => {
      const service = await serve(() => 'ok', { spread: 300 })
      const all = [await connect(service), await connect(service), await connect(service)]
      const told = all.map((session) => once(session, 'goaway').then(() => performance.now()))
      const begun = performance.now()
      const { connections } = await service.shutdown.stop()
      const after = (await Promise.all(told)).map((at) => at - begun).toSorted((a, b) => a - b)
      expect(after[1]).to.be.within(99, 1_000)
      expect(after[2]).to.be.within(199, 1_000)
      expect(connections).to.deep.equal({ idle: 0, drained: 3, destroyed: 0 })
    })

    it('sends GOAWAY to each session, lets streams in flight finish and ends idle sessions at once', async () => {
      const entered = new Gate()
      const gates = new Map([['/1', new Gate<string>()], ['/2', new Gate<string>()]])
      let begun = 0
      const service = await serve((path) => {
        if (++begun === 2) entered.open()
        return (gates.get(path) as Gate<string>).opened
      })
      const [busy, busy2, idle] = [await connect(service), await connect(service), await connect(service)]
      const answers = [answer(busy.request({ ':path': '/1' })), answer(busy2.request({ ':path': '/2' }))]
      await entered.opened
      const goaways = [busy, busy2, idle].map((session) => once(session, 'goaway'))
      const idleClosed = once(idle, 'close')
      const begunAt = performance.now()
      const stopped = service.shutdown.stop()
      const codes = await Promise.all(goaways)
      await idleClosed
      expect(performance.now() - begunAt).to.be.below(1_500)
      expect(codes.map(([code]) => code as number)).to.deep.equal([0, 0, 0]) // NO_ERROR
      gates.get('/1')?.open('one')
      gates.get('/2')?.open('two')
      expect(await Promise.all(answers)).to.deep.equal([[200, 'one'], [200, 'two']])
      const report = await stopped
      expect(report).to.include({ clean: true })
      expect(report.requests).to.deep.equal({ finished: 2, aborted: 0, cut: 0 })
    })

    it('refuses a new stream in the drain so that the client may retry it', async () => {
      const [entered, gate] = [new Gate(), new Gate<string>()]
      let handled = 0
      const service = await serve(() => {
        handled++
        entered.open()
        return gate.opened
      })
      const session = await connect(service)
      const first = answer(session.request({ ':path': '/1' }))
      await entered.opened
      const stopped = service.shutdown.stop()
      await service.draining()
      const racing = session.request({ ':path': '/2' }) // GOAWAY is on its way to the client
      const refused = once(racing, 'close').catch(() => {})
      const served = answer(racing).catch(() => {})
      await (create === 'plain' ? once(session, 'goaway') : refused) // without TLS it may be in time for the first of two
      gate.open('one')
      expect(await first).to.deep.equal([200, 'one'])
      await stopped
      if (handled === 2) expect([create, await served]).to.deep.equal(['plain', [200, 'one']])
      else expect(racing.rstCode).to.be.oneOf([http2.constants.NGHTTP2_REFUSED_STREAM, http2.constants.NGHTTP2_CANCEL])
    })

    it('answers a stream that is left at the cut with 503', async () => {
      const entered = new Gate()
      const service = await serve(() => (entered.open(), new Promise<string>(() => {})), { timeout: 1_000 })
      const session = await connect(service)
      const stream = answer(session.request({ ':path': '/' }))
      await entered.opened
      const stopped = service.shutdown.stop()
      expect((await stream)[0]).to.equal(503)
      const report = await stopped
      expect(report.requests.cut).to.equal(1)
      expect(report.blockers[0]).to.include({ method: 'GET', path: '/' })
    })
  })
}
