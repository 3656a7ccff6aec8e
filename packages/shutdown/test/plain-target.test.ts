import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { expect } from 'chai'
import { PlainTarget } from '../src/plain-target'
import { Client } from './client'

describe('a plain target', () => {
  const server = createServer()
  const target = new PlainTarget(server)
  let client: Client

  beforeEach(async () => {
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
    client = await Client.connect((server.address() as AddressInfo).port)
  })
  afterEach(() => {
    server.removeAllListeners('test')
    Client.closeAll()
  })
  after(() => void server.close())

  it('records connections and requests in flight until their response is closed', async () => {
    const entered = new Promise<[IncomingMessage, ServerResponse]>((resolve) => server.once('request', (...args) => resolve(args)))
    client.get('/path')
    const [req, res] = await entered
    expect([target.connections.size, target.inflight.size]).to.deep.equal([1, 1])
    const [exchange] = target.inflight
    expect([exchange?.req, exchange?.res, exchange?.phase]).to.deep.equal([req, res, 'handler'])
    res.write('x')
    expect(exchange?.phase).to.equal('response')
    let idle = false
    const waiting = target.idle().then(() => (idle = true))
    await new Promise(setImmediate)
    expect(idle).to.equal(false)
    res.end()
    await waiting
    expect(target.inflight.size).to.equal(0)
  })

  it('counts a request whose client leaves as ended', async () => {
    const entered = once(server, 'request')
    client.get('/').get('/') // the second is queued behind the first
    const [req] = (await entered) as [IncomingMessage]
    client.socket.destroy()
    await once(req.socket, 'close')
    await target.idle()
    expect(target.inflight.size).to.equal(0)
  })

  it('holds requests before their listeners once it has taken over, and calls these in order, once ones once', async () => {
    const calls: string[] = []
    server.once('request', () => calls.push('once'))
    server.on('request', function (this: unknown, req: IncomingMessage, res: ServerResponse) {
      expect(this).to.equal(server)
      calls.push(`always ${req.url}`)
      res.end('ok')
    })
    target.takeOver()
    target.takeOver()
    const release = [target.hold(), target.hold()]
    client.get('/1').get('/2')
    while (target.inflight.size < 2) await once(server, 'request')
    release[0]?.()
    release[0]?.()
    expect(calls).to.deep.equal([])
    release[1]?.()
    expect(calls).to.deep.equal(['once', 'always /1', 'always /2'])
    await client.answer()
    await client.answer()
  })

  it('answers 503 to what a stop does not admit', async () => {
    const first = target.beginStop({ cause: 'test', abortAt: Infinity, admit: ({ req }) => req.url !== '/refused' })
    expect(target.beginStop({ cause: 'again', abortAt: 0, admit: () => false })).to.equal(first)
    expect((await client.get('/admitted').answer()).status).to.equal(200)
    const { status, body } = await client.get('/refused').answer()
    expect([status, JSON.parse(body).detail]).to.deep.equal([503, 'The server is stopping (test)'])
  })
})
