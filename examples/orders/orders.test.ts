import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { Example, start } from '../start'

describe('examples/orders', () => {
  let folder: string
  let service: Example
  const startService = async (file = 'orders/server.ts', env = {}) => {
    service = await start(file, { ORDERS_DB: path.join(folder, 'orders.db'), ...env })
  }
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ebb-orders-'))
    await startService()
  })
  afterEach(async () => {
    await service.end()
    rmSync(folder, { recursive: true })
  })

  const get = (url: string, headers = {}) => fetch(service.url + url, { headers })
  const post = (body: string, type = 'application/json') =>
    fetch(`${service.url}/orders`, { method: 'POST', headers: { 'Content-Type': type }, body })
  const stored = async () => (await (await get('/orders')).json()) as unknown[]
  const ended = (code: number) => ({ code, signal: null })

  describe('POST /orders', () => {
    it('stores an order that GET reads back, also after a restart', async () => {
      const answer = await post('{"item":"tea","quantity":2}')
      expect(answer.status).to.equal(201)
      expect(answer.headers.get('Location')).to.equal('/orders/1')
      const order = await answer.json()
      expect(order).to.include({ id: 1, item: 'tea', quantity: 2 })
      expect(await (await get('/orders/1')).json()).to.deep.equal(order)

      service.kill('SIGTERM')
      expect(await service.exit).to.deep.equal(ended(0))
      await startService()
      expect(await (await get('/orders/1')).json()).to.deep.equal(order)
      expect(await stored()).to.deep.equal([order])
    })

    it('answers broken JSON with 400 and what is wrong, and stores nothing', async () => {
      const answer = await post('{"item":"tea","quanti')
      expect(answer.status).to.equal(400)
      expect(await answer.text()).to.match(/^The body is not valid JSON: .*JSON/)
      expect(await stored()).to.deep.equal([])
    })

    it('answers wrong fields with 422 and their names, and stores nothing', async () => {
      const cases = {
        '{"quantity":2}': 'Cannot store the order: item is undefined, it must be a text of 1 to 100 characters',
        '{"item":"tea","quantity":0}': 'Cannot store the order: quantity is 0, it must be a whole number from 1 to 1000',
        '{"item":"tea","quantity":"2"}': "Cannot store the order: quantity is '2', it must be a whole number from 1 to 1000",
        '[]': 'Cannot store the order: the body is [], it must be a JSON object',
      }
      for (const [body, message] of Object.entries(cases)) {
        const answer = await post(body)
        expect(answer.status, body).to.equal(422)
        expect(await answer.text()).to.equal(message)
      }
      expect(await stored()).to.deep.equal([])
    })

    it('answers 413 to a body that is too large, and 415 to one that is not JSON', async () => {
      const large = await post(`{"item":"${'x'.repeat(2 ** 20)}"}`)
      expect(large.status).to.equal(413)
      expect(await large.text()).to.equal('The body is too large: it may have 1048576 bytes')
      expect((await post('item=tea', 'application/x-www-form-urlencoded')).status).to.equal(415)
      expect(await stored()).to.deep.equal([])
    })
  })

  it('GET /orders/:id answers 404 with the order that there is not', async () => {
    const answer = await get('/orders/7')
    expect(answer.status).to.equal(404)
    expect(await answer.text()).to.equal('There is no order 7')
  })

  it('GET / is the page', async () => {
    const answer = await get('/')
    expect(answer.headers.get('Content-Type')).to.equal('text/html; charset=utf-8')
    expect(await answer.text()).to.include('<h1>Orders</h1>')
  })

  describe('GET /events', () => {
    it('sends each new order, and first those after the last one that the client has seen', async () => {
      for (const item of ['seen', 'missed']) await post(JSON.stringify({ item, quantity: 1 }))
      const { body, headers } = await get('/events', { 'Last-Event-ID': '1' })
      expect(headers.get('Content-Type')).to.match(/^text\/event-stream/)
      const events = reader(body)
      expect(await events.until(/\n\n$/)).to.match(/^: new orders\n\n/)
      const missed = await events.until(/"missed".*\n\n$/)
      expect(missed).to.match(/event: order\nid: 2\ndata: {"id":2,"item":"missed"/).and.not.include('"seen"')
      await post('{"item":"tea","quantity":1}')
      expect(await events.until(/"tea".*\n\n$/)).to.match(/event: order\nid: 3\ndata: {"id":3,"item":"tea"/)
      await events.cancel()
    })

    it('ends by itself on SIGTERM: its last event says so, and when to come back', async () => {
      const answer = await get('/events')
      service.kill('SIGTERM')
      const events = await answer.text() // rejects unless the last chunk arrives
      expect(events).to.match(/\n\nretry: 1\d{3}\nevent: stopping\ndata: {"reason":"SIGTERM"}\n\n$/)
      expect(await service.exit).to.deep.equal(ended(0))
      expect(service.output).to.include('finished 1, aborted 0, cut 0').and.include('clean, exit code 0')
    })
  })

  describe('a stop', () => {
    it('lets a running report end, closes the database after it, and exits 0', async () => {
      await post('{"item":"tea","quantity":2}')
      const report = get('/report?ms=2000')
      await service.printed(/<-- GET \/report/)
      service.kill('SIGTERM')

      const answer = await report
      expect(answer.status).to.equal(200)
      expect(answer.headers.get('Connection')).to.equal('close')
      expect(await answer.json()).to.include({ orders: 1, pieces: 2 })
      expect(await service.exit).to.deep.equal(ended(0))
      expect(service.output).to.match(/--> GET \/report\?ms=2000 200 \d+ ms\n(.*\n)*database closed\n/)
      expect(service.output).to.include('requests finished 1, aborted 0, cut 0').and.match(/stopped in \d+ ms, clean, exit code 0/)
    })

    it('turns readiness off and leaves liveness on while it drains', async () => {
      const events = await get('/events')
      const probes = ['/readyz', '/livez'].map((probe) => halfSent(service.url, probe))
      const sockets = await Promise.all(probes)
      service.kill('SIGTERM')
      expect(await events.text()).to.include('event: stopping') // the listener is closed by now

      const [readyz, livez] = await Promise.all(sockets.map((socket) => complete(socket)))
      expect(readyz).to.match(/^HTTP\/1\.1 503 .*\r\nConnection: close\r\n.*"state":"draining"/s)
      expect(livez).to.match(/^HTTP\/1\.1 200 .*\r\nConnection: close\r\n.*"state":"draining"/s)
      expect(await service.exit).to.deep.equal(ended(0))
    })

    it('is forced by a second Ctrl-C: code 130 at once, and what was running is named', async () => {
      const report = get('/report?ms=4000').catch((error: Error) => error)
      await service.printed(/<-- GET \/report/)
      service.kill('SIGINT')
      await service.printed(/SIGINT: stopping/)
      await setTimeout(300) // within 250 ms the same signal counts as one
      service.kill('SIGINT')
      expect(await service.exit).to.deep.equal(ended(130))
      expect(await report).to.be.an('error')
      expect(service.output).to.match(/forced to exit with GET \/report running/).and.not.include('database closed')
    })

    it('begins when the port is taken: one line that names it, and code 1', async () => {
      const { port } = new URL(service.url)
      const second = new Example('orders/server.ts', { PORT: port, ORDERS_DB: path.join(folder, 'second.db') })
      expect(await second.exit).to.deep.equal(ended(1))
      expect(second.output).to.match(new RegExp(`EADDRINUSE.*${port}`)).and.include('database closed').and.not.match(/^ +at /m)
    })
  })

  describe('a stop out of time', () => {
    beforeEach(async () => {
      await service.end()
      await startService('orders/stuck.fixture.ts')
    })

    it('aborts a report that is too long, which is answered 503', async () => {
      const report = get('/report?ms=60000')
      await service.printed(/<-- GET \/report/)
      service.kill('SIGTERM')
      const answer = await report
      expect(answer.status).to.equal(503)
      expect(answer.headers.get('Retry-After')).to.equal('1')
      expect(await answer.json()).to.include({ detail: 'The server is stopping (SIGTERM)' })
      expect(await service.exit).to.deep.equal(ended(0))
      expect(service.output).to.include('finished 0, aborted 1, cut 0').and.include('database closed')
    })

    it('tells a handler that never ends, answers its client 503, names it, and exits 1 within the budget', async () => {
      const stuck = get('/stuck')
      await service.printed(/<-- GET \/stuck/)
      service.kill('SIGTERM')
      const answer = await stuck
      expect(answer.status).to.equal(503)
      expect(answer.headers.get('Connection')).to.equal('close')
      expect(await answer.json()).to.include({ status: 503, detail: 'The server is stopping (SIGTERM)' })

      expect(await service.exit).to.deep.equal(ended(1))
      expect(service.output).to.include('told to stop by a ShutdownError: true')
      expect(service.output).to.include('finished 0, aborted 0, cut 1').and.match(/still running at the cut: GET \/stuck, \d+ ms old/)
      const took = /stopped in (\d+) ms, not clean, exit code 1/.exec(service.output)?.[1]
      expect(Number(took)).to.be.within(1_000, 1_500)
      expect(service.output).to.match(/--> GET \/stuck 503 \d+ ms\n(.*\n)*database closed\n/)
    })
  })
})

/** Reads a stream of events bit by bit. */
function reader(body: ReadableStream<Uint8Array> | null) {
  const source = (body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  return {
    /** @returns all that came so far, as soon as `pattern` fits it */
    async until(pattern: RegExp): Promise<string> {
      while (!pattern.test(text)) {
        const { value, done } = await source.read()
        if (done) throw new Error(`The stream ended, and ${pattern} never came:\n${text}`)
        text += decoder.decode(value, { stream: true })
      }
      return text
    },
    cancel: () => source.cancel(),
  }
}

/** A connection on which a request's head has begun. */
async function halfSent(url: string, requestPath: string): Promise<net.Socket> {
  const socket = net.connect(Number(new URL(url).port), 'localhost')
  await once(socket, 'connect')
  socket.write(`GET ${requestPath} HTTP/1.1\r\nHost: localhost\r\n`)
  return socket
}

/** Sends the rest of the head; @returns what comes until the end of the connection */
async function complete(socket: net.Socket): Promise<string> {
  socket.setEncoding('utf8').write('\r\n')
  let answer = ''
  for await (const text of socket) answer += text
  return answer
}
