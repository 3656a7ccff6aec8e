import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { expect } from 'chai'
import onFinished from 'on-finished'
import { Incoming } from '../src/incoming'
import { Outgoing } from '../src/outgoing'
import { ask, Client, GET, serveAny } from './harness'

/** A request's handler on a server with our classes and on one without: what it gives must be the same. */
async function both<T>(handler: (req: IncomingMessage, res: ServerResponse) => Promise<T>, head = GET): Promise<[ours: T, nodes: T]> {
  const answers: T[] = []
  for (const options of [{ IncomingMessage: Incoming, ServerResponse: Outgoing }, {}]) {
    const server = http.createServer(options).listen(0)
    const answered = new Promise<T>((resolve, reject) => server.on('request', (req: IncomingMessage, res: ServerResponse) => void handler(req, res).then(resolve, reject)))
    const client = new Client(await serveAny(server)).send(head)
    answers.push(await answered)
    client.socket.destroy()
  }
  return answers as [T, T]
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

const flags = (req: IncomingMessage) => [req.readable, req.readableEnded, req.destroyed, req.closed, req.complete, req.aborted]

describe('a request without a body', () => {
  it('is read to its end and closed once it is answered', async () => {
    const [ours, nodes] = await both(async (req, res) => {
      const before = flags(req)
      res.end('hello')
      await once(res, 'close')
      await turns()
      return [before, flags(req)]
    })
    expect(ours).to.deep.equal(nodes)
    expect(ours[1]).to.deep.equal([false, true, true, true, true, false])
  })

  for (const moment of ['at once', 'before the response', 'after it']) {
    it(`tells those that it is at its end who ask ${moment}: events, finished, on-finished, pipe, for await`, async () => {
      const [ours, nodes] = await both(async (req, res) => {
        const seen = new Set<string>()
        const look = () => {
          if (moment !== 'after it') for (const event of ['end', 'close']) req.on(event, () => seen.add(event))
          void finished(req).then(() => seen.add('finished'))
          onFinished(req, () => seen.add('on-finished'))
          req.pipe(new PassThrough()).resume().on('end', () => seen.add('pipe'))
        }
        if (moment === 'at once') look()
        await turns()
        if (moment === 'before the response') look()
        res.end('hello')
        await once(res, 'close')
        await turns()
        if (moment === 'after it') look()
        await turns()
        return [...seen].sort()
      })
      expect(ours).to.deep.equal(nodes)
      expect(ours).to.include.members(['finished', 'on-finished', 'pipe'])
    })

    it(`is empty to who reads it ${moment}`, async () => {
      const [ours, nodes] = await both(async (req, res) => {
        const read = async () => {
          const chunks: unknown[] = []
          for await (const chunk of req) chunks.push(chunk)
          return chunks.length
        }
        if (moment === 'at once') {
          const length = await read()
          res.end('hello')
          return length
        }
        await turns()
        const early = moment === 'before the response' ? read() : undefined
        res.end('hello')
        await once(res, 'close')
        await turns()
        return early ?? read()
      })
      expect([ours, nodes]).to.deep.equal([0, 0])
    })
  }

  it("ends for a handler that lets it flow first and listens then", async () => {
    const [ours, nodes] = await both(async (req, res) => {
      await turns()
      const seen: string[] = []
      req.resume()
      for (const event of ['end', 'close']) req.on(event, () => seen.push(event))
      await turns()
      res.end('hello')
      return seen
    })
    expect(ours).to.deep.equal(nodes).and.to.deep.equal(['end', 'close'])
  })

  it('still ends for who listens after it was answered', async () => {
    const server = http.createServer({ IncomingMessage: Incoming, ServerResponse: Outgoing }).listen(0)
    const requested = once(server, 'request')
    new Client(await serveAny(server)).send(GET)
    const [req, res] = (await requested) as [IncomingMessage, ServerResponse]
    res.end('hello')
    await once(res, 'close')
    await turns()
    await Promise.all([once(req, 'end'), once(req, 'close')])
    expect(flags(req)).to.deep.equal([false, true, true, true, true, false])
  })

  for (const event of ['finish', 'close']) {
    it(`closes for who listens in the response's '${event}'`, async () => {
      const [ours, nodes] = await both(async (req, res) => {
        let closed = 0
        res.on(event, () => req.on('close', () => closed++))
        res.end('hello')
        await once(res, 'close')
        await turns()
        return closed
      })
      expect([ours, nodes]).to.deep.equal([1, 1])
    })
  }

  it('can be destroyed again, with an error or without, when it is over', async () => {
    const [ours, nodes] = await both(async (req, res) => {
      const errors: unknown[] = []
      req.on('error', (error) => errors.push(error))
      res.end('hello')
      await once(res, 'close')
      await turns()
      req.destroy()
      req.destroy(new Error('late'))
      await turns()
      return [errors, req.errored, req.readableAborted, flags(req)]
    })
    expect(ours).to.deep.equal(nodes)
  })

  it('is none with a body that nobody reads: what is sent is read, and the next request answered', async () => {
    const urls: string[] = []
    const server = http.createServer({ IncomingMessage: Incoming, ServerResponse: Outgoing }, (req, res) => {
      urls.push(req.url as string)
      res.end('hello')
    }).listen(0)
    const client = new Client(await serveAny(server))
    const body = 'x'.repeat(1_000_000)
    client.send(`POST /1 HTTP/1.1\r\nHost: ebb\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    client.send('POST /2 HTTP/1.1\r\nHost: ebb\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n').send('GET /3 HTTP/1.1\r\nHost: ebb\r\n\r\n')
    await client.sees('hello', 3)
    expect(urls).to.deep.equal(['/1', '/2', '/3'])
  })
})

describe('a request with a body', () => {
  const POST = 'POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 4\r\n\r\nbody'

  for (const listener of ['nobody', 'somebody', 'somebody at its end']) {
    it(`is closed once it is read, when ${listener} listens to that`, async () => {
      const [ours, nodes] = await both(async (req, res) => {
        const seen: unknown[] = []
        if (listener === 'somebody') req.on('close', () => seen.push('close'))
        req.on('end', () => {
          seen.push('end', flags(req))
          if (listener === 'somebody at its end') req.on('close', () => seen.push('close'))
        })
        req.resume()
        await once(req, 'end')
        await turns()
        seen.push(flags(req))
        const late = finished(req).then(() => seen.push('finished'))
        res.end('hello')
        await late
        req.destroy()
        await turns()
        return [...seen, flags(req)]
      }, POST)
      expect(ours).to.deep.equal(nodes)
      expect(ours.includes('close')).to.equal(listener !== 'nobody')
    })
  }

  it('that is destroyed before it is read ends its connection', async () => {
    const [ours, nodes] = await both(async (req) => {
      const closed = once(req.socket, 'close')
      req.destroy()
      await closed
      return flags(req)
    }, POST.replace('body', 'bo'))
    expect(ours).to.deep.equal(nodes)
  })
})

it('an Incoming answers as ever where it has no Outgoing', async () => {
  const server = http.createServer({ IncomingMessage: Incoming }, (_, res) => res.end('hello')).listen(0)
  expect((await ask(await serveAny(server))).body).to.equal('hello')
})
