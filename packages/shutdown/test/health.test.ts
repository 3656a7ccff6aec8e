import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, type Server } from 'node:net'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { createHealth, type Health, type State } from '../src/health'
import { type Answer, Client } from './client'

describe('health', () => {
  const servers: Server[] = []
  let state: State = 'ready'
  const lines: string[] = []
  const create = (options = {}): Health => createHealth(() => ({ state, ready: state === 'ready' }), options, { error: (line) => void lines.push(line) })
  const get = async (server: Server, path: string): Promise<Answer> => {
    servers.push(server)
    if (!server.listening) await once(server, 'listening')
    const client = await Client.connect((server.address() as AddressInfo).port)
    return client.get(path, 'Connection: close\r\n').answer()
  }

  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
    Client.closeAll()
    state = 'ready'
  })

  const outlets: [name: string, listen: (health: Health) => Server][] = [
    ['a middleware', (health) => new App().use(health).listen(0)],
    ['a handler of node:http', (health) => createServer((req, res) => health.handler(req, res)).listen(0)],
    ['a port of its own', (health) => health.listen(0)],
  ]
  for (const [name, listen] of outlets) {
    it(`as ${name} answers /livez and /readyz with JSON that names the state`, async () => {
      const server = listen(create())
      const ready = await get(server, '/readyz')
      expect([ready.status, ready.body]).to.deep.equal([200, '{"state":"ready"}'])
      expect(ready.headers).to.include({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
      state = 'draining'
      const live = await get(server, '/livez?verbose')
      expect([live.status, live.body]).to.deep.equal([200, '{"state":"draining"}'])
      const notReady = await get(server, '/readyz')
      expect([notReady.status, notReady.body]).to.deep.equal([503, '{"state":"draining"}'])
      expect(notReady.headers['retry-after']).to.equal('1')
      expect((await get(server, '/other')).status).to.equal(404)
    })
  }

  it('is not ready while starting', async () => {
    state = 'starting'
    expect((await get(create().listen(0), '/readyz')).status).to.equal(503)
  })

  it('names the checks that fail, takes one that hangs for a failure, and tells what they say to the log alone', async () => {
    const health = create({
      checks: {
        db: () => {},
        cache: () => Promise.reject(new Error('connect redis://user:secret@cache failed')),
        queue: { check: () => new Promise(() => {}), timeout: 20 },
      },
    })
    lines.length = 0
    const server = health.listen(0)
    for (let probe = 0; probe < 2; probe++) {
      const { status, body } = await get(server, '/readyz')
      expect(status).to.equal(503)
      expect(JSON.parse(body)).to.deep.equal({ state: 'ready', checks: { db: 'ok', cache: 'failed', queue: 'failed' } })
    }
    expect(lines).to.have.members([
      "check 'cache' failed: connect redis://user:secret@cache failed",
      "check 'queue' failed: no answer within 20 ms",
    ])
    expect((await get(health.listen(0), '/livez')).status).to.equal(200)
  })

  it('asks a check that hangs once, however often it is probed', async () => {
    let asked = 0
    const server = create({ checks: { db: { check: () => (asked++, new Promise(() => {})), timeout: 5 } } }).listen(0)
    for (let probe = 0; probe < 5; probe++) expect((await get(server, '/readyz')).status).to.equal(503)
    expect(asked).to.equal(1)
  })

  for (const [options, message] of [
    [null, 'Cannot check health with null: it must be an object of options'],
    [{ checks: null }, 'Cannot check health with checks null: it must be an object of functions by name'],
    [{ livez: 5 }, "Cannot check health with livez 5: it must be a path that begins with '/'"],
    [{ readyz: 'readyz' }, "Cannot check health with readyz 'readyz': it must be a path that begins with '/'"],
    [{ filee: '/ready' }, 'Cannot check health with option filee: there is no such option; the nearest is file'],
    [{ file: 5 }, 'Cannot check health with file 5: it must be the path of a file'],
  ] as const) {
    it(`refuses options ${JSON.stringify(options)}`, () => {
      expect(() => create(options as never)).to.throw(TypeError, message)
    })
  }

  it('has paths of your own', async () => {
    const server = create({ livez: '/alive', readyz: '/ready' }).listen(0)
    expect((await get(server, '/alive')).status).to.equal(200)
    expect((await get(server, '/livez')).status).to.equal(404)
  })

  it('refuses other methods, and checks that are none', async () => {
    const client = await Client.connect((await listening(create().listen(0))).port)
    const { status, headers } = await client.send('POST /readyz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n').answer()
    expect([status, headers['allow']]).to.deep.equal([405, 'GET, HEAD'])
    expect(() => create({ checks: { db: 'up' } })).to.throw(TypeError, "Cannot check health with db 'up': it must be a function")
    expect(() => create({ checks: { db: { check: () => {}, timeout: -1 } } })).to.throw(RangeError, "Cannot check health with db's timeout -1: it must be more than 0 ms, and finite")
  })

  async function listening(server: Server): Promise<AddressInfo> {
    servers.push(server)
    await once(server, 'listening')
    return server.address() as AddressInfo
  }
})
