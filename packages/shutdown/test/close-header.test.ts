import { once } from 'node:events'
import { createServer, ServerResponse as Response, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { sayClose } from '../src/close-header'
import { type Answer, Client } from './client'

describe('a response that is to say close', () => {
  afterEach(() => Client.closeAll())

  /** What comes of a response on which `handle` acts, and all the bytes of its head. */
  async function answerOf(handle: (res: ServerResponse) => void, isLast = () => true): Promise<Answer & { head: string }> {
    const server = createServer((_, res) => {
      sayClose(res, isLast)
      handle(res)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const client = (await Client.connect((server.address() as AddressInfo).port)).get('/')
      const answer = await client.answer()
      return { ...answer, head: client.received.split('\r\n\r\n')[0] as string }
    } finally {
      server.close()
      server.closeAllConnections()
    }
  }

  const handlers: Record<string, (res: ServerResponse) => unknown> = {
    'an implicit head': (res) => res.end('ok'),
    'headers that were set': (res) => res.setHeader('X-A', '1').setHeader('Connection', 'keep-alive').setHeader('Keep-Alive', 'timeout=9').end('ok'),
    'a removed Connection': (res) => (res.removeHeader('Connection'), res.end('ok')),
    'an object': (res) => res.writeHead(200, { 'X-A': '1', cOnNeCtIoN: 'keep-alive', 'keep-alive': 'timeout=9' }).end('ok'),
    'an object beside headers that were set': (res) => res.setHeader('Connection', 'keep-alive').writeHead(200, { 'X-A': '1' }).end('ok'),
    'a list': (res) => res.writeHead(200, ['X-A', '1', 'connection', 'keep-alive']).end('ok'),
    'a list beside headers that were set': (res) => res.setHeader('Connection', 'keep-alive').writeHead(200, ['X-A', '1']).end('ok'),
    'a list of pairs': (res) => res.writeHead(200, [['X-A', '1'], ['connection', 'keep-alive']] as never).end('ok'),
    'a reason': (res) => res.writeHead(200, 'Fine').end('ok'),
    'a reason and an object': (res) => res.writeHead(200, 'Fine', { Connection: 'keep-alive' }).end('ok'),
    'flushHeaders': (res) => (res.setHeader('Connection', 'keep-alive'), res.flushHeaders(), res.end('ok')),
  }
  if ('writeHeader' in Response.prototype) { // not since Node 26
    handlers['the older name of writeHead'] = (res) => (res as ServerResponse & { writeHeader: ServerResponse['writeHead'] }).writeHeader(200, { Connection: 'keep-alive' }).end('ok')
  }
  for (const [how, handle] of Object.entries(handlers)) {
    it(`says it once, whatever its handler said, and ends its connection (${how})`, async () => {
      const { headers, body, head } = await answerOf((res) => void handle(res))
      expect(body).to.equal('ok')
      expect(headers['connection']).to.equal('close')
      expect(head.match(/^connection:/gim)).to.have.length(1)
      expect(head).not.to.match(/keep-alive/i)
    })
  }

  it('keeps other options of the header', async () => {
    expect((await answerOf((res) => res.writeHead(426, { Connection: 'keep-alive, Upgrade', Upgrade: 'h2c' }).end())).headers).to.include({
      connection: 'close, Upgrade',
      upgrade: 'h2c',
    })
  })

  it('keeps headers of one name that stand in a list', async () => {
    const { head } = await answerOf((res) => res.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']).end('ok'))
    expect(head.match(/^set-cookie: .*$/gim)).to.deep.equal(['Set-Cookie: a=1', 'Set-Cookie: b=2'])
  })

  it('leaves the head of another protocol alone', async () => {
    const { head } = await answerOf((res) => {
      const { socket } = res
      res.writeHead(101, { Connection: 'Upgrade', Upgrade: 'mine' }).end(() => socket?.end())
    })
    expect(head).to.match(/^connection: upgrade$/im)
  })

  it('is as it was where it is not the last', async () => {
    const { headers } = await answerOf((res) => res.writeHead(200, { Connection: 'keep-alive' }).end('ok'), () => false)
    expect(headers['connection']).to.equal('keep-alive')
  })

  it('decides when its head is made', async () => {
    let isLast = true
    const { headers } = await answerOf((res) => {
      isLast = false
      res.end('ok')
    }, () => isLast)
    expect(headers['connection']).to.equal('keep-alive')
  })

  it('does not say so any more after a head that was wrong, if it is not the last by then', async () => {
    let isLast = true
    const { headers, body } = await answerOf((res) => {
      res.setHeader('Connection', 'keep-alive')
      expect(() => res.writeHead(200, { 'X-A': 'wrong\n' })).to.throw()
      isLast = false
      res.end('ok')
    }, () => isLast)
    expect([headers['connection'], body]).to.deep.equal(['keep-alive', 'ok'])
  })

  for (const when of ['before', 'after']) {
    it(`says it although a library sets the header as the head is made, which wrapped writeHead ${when}`, async () => {
      const wrap = (res: ServerResponse) => {
        const { writeHead } = res
        res.writeHead = function (this: ServerResponse, ...args: Parameters<typeof writeHead>) {
          this.setHeader('Connection', 'keep-alive')
          return writeHead.apply(this, args)
        } as typeof writeHead
      }
      const server = createServer((_, res) => {
        if (when === 'before') wrap(res)
        sayClose(res, () => true)
        if (when === 'after') wrap(res)
        res.writeHead(200, { 'X-A': '1' }).end('ok')
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const client = (await Client.connect((server.address() as AddressInfo).port)).get('/')
      expect((await client.answer()).headers).to.include({ connection: 'close', 'x-a': '1' })
      await client.end()
      server.close()
    })
  }

  it("has an App's headers go out as they would", async () => {
    const app = new App()
    app.use((ctx) => {
      sayClose(ctx.res, () => true)
      ctx.set('Connection', 'keep-alive')
      ctx.body = { a: 1 }
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = (await Client.connect((server.address() as AddressInfo).port)).get('/')
    const { headers, body } = await client.answer()
    expect([headers['connection'], headers['content-type'], headers['content-length'], body]).to.deep.equal(['close', 'application/json; charset=utf-8', '7', '{"a":1}'])
    await client.end()
    server.close()
  })
})
