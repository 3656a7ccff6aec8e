import { once } from 'node:events'
import http, { type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { JoinedResponse } from '../src/one-write'
import { Outgoing } from '../src/outgoing'
import { ask, Client, serve, serveAny } from './harness'

describe('a response', () => {
  it('whose body is text or JSON is one write', async () => {
    for (const body of ['text', { a: 1 }, 'hällo \u{1f30a}', 'x'.repeat(100_000)]) expect(await writesFor(body)).to.equal(1)
  })

  /** The writes to the socket by which a server of `listen` answers. */
  async function writesFor(body: unknown): Promise<number> {
    const app = new App().use((ctx) => { ctx.body = body })
    const server = app.listen(0)
    let writes = 0
    server.on('connection', (socket: Socket) => {
      const { write } = socket
      socket.write = function (this: Socket, ...args: unknown[]) {
        writes++
        return write.apply(this, args as never)
      } as never
    })
    await ask(await serve(app, server))
    return writes
  }
})

type Note = (event: string) => void
type Answer = (res: ServerResponse, note: Note) => void

/** Does what may throw, notes what it has thrown, and then does the rest. */
function attempt(note: Note, work: () => unknown, rest?: () => unknown): void {
  try {
    work()
  } catch (error) {
    note((error as Error).message)
    rest?.()
  }
}

function writesWithHead(res: ServerResponse, note: Note, text: string, more = () => {}): void {
  const { writeHead } = res
  res.setHeader('Content-Length', text.length + 4)
  res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    Reflect.apply(writeHead, this, args)
    note(`write: ${this.write(text, () => note('written'))}`)
    more()
    return this
  } as never
  res.end('text')
}

/** Ends `res` while somebody has put `end` in the place of the one that all responses share, as monitoring does. */
function endsThrough(res: ServerResponse, text: string, end: typeof nodeEnd): void {
  http.ServerResponse.prototype.end = end as never
  try {
    res.end(text)
  } finally {
    http.ServerResponse.prototype.end = nodeEnd as never
  }
}

const nodeEnd = http.ServerResponse.prototype.end as (this: ServerResponse, ...args: unknown[]) => ServerResponse

const answers: Record<string, Answer> = {
  'a string': (res, note) => res.end('text', () => note('written')),
  'a string, in an encoding': (res) => res.end('c3a9', 'hex'),
  'a string, in an encoding, and a callback': (res, note) => res.end('\u00e9', 'latin1', () => note('written')),
  'a string in UTF-8': (res) => res.end('h\u00e4llo'),
  'a Buffer alone': (res) => res.end(Buffer.from('bytes')),
  'a Buffer': (res, note) => res.end(Buffer.from('bytes'), () => note('written')),
  'an empty Buffer': (res, note) => res.end(Buffer.alloc(0), () => note('written')),
  'an empty string': (res, note) => res.end('', () => note('written')),
  'nothing': (res, note) => res.end(() => note('written')),
  'more than the kernel takes at once': (res) => res.end('x'.repeat(8_000_000)),
  'the rest of a body of known length': (res) => {
    res.setHeader('Content-Length', 4)
    res.write('te')
    res.end('xt')
  },
  'the rest of a body of known length, later': (res, note) => {
    res.setHeader('Content-Length', 4)
    res.write('te', () => {
      note('first part written')
      res.end('xt')
    })
  },
  'the last of several chunks': (res) => {
    res.write('te')
    res.end('xt')
  },
  'chunks and trailers': (res) => {
    res.writeHead(200, { Trailer: 'X-Sum' })
    res.write('text')
    res.addTrailers({ 'X-Sum': '1' })
    res.end('more')
  },
  'a head that was sent before': (res) => {
    res.setHeader('Content-Length', 4)
    res.flushHeaders()
    res.end('text')
  },
  'a body where none may be': (res) => {
    res.statusCode = 304
    res.end('text')
  },
  'no body that can be sent': (res, note) => {
    attempt(note, () => res.end(42 as never))
    res.end('text')
  },
  'a head that cannot be sent': (res, note) => {
    res.statusMessage = 'no\nreason'
    attempt(note, () => res.end('text'))
    res.statusMessage = 'OK'
    res.end('more')
  },
  'a body of another length than promised': (res, note) => {
    res.strictContentLength = true
    res.setHeader('Content-Length', 5)
    attempt(note, () => res.end('text'))
    res.end('texts')
  },
  'a writeHead that writes': (res, note) => writesWithHead(res, note, 'more'),
  'a writeHead that writes the same': (res, note) => writesWithHead(res, note, 'text'),
  'a writeHead that writes more than is buffered': (res, note) => writesWithHead(res, note, 'x'.repeat(100_000)),
  'a writeHead that writes the same, and nothing': (res, note) => {
    writesWithHead(res, note, 'text', () => res.write('', () => note('nothing written')))
  },
  'an end in its place that chooses an encoding': (res) => endsThrough(res, 'h\u00e9llo', function (text) {
    return nodeEnd.call(this, text, 'latin1')
  }),
  'an end in its place that writes first': (res, note) => {
    res.setHeader('Content-Length', 4)
    endsThrough(res, 'text', function (text) {
      note(`write: ${this.write(text, () => note('written'))}`)
      return nodeEnd.call(this)
    })
  },
  'an end in its place that writes, and ends the connection': (res) => {
    res.setHeader('Content-Length', 4)
    endsThrough(res, 'text', function (text) {
      this.write(text)
      this.socket?.end()
      return this
    })
  },
  'an end in its place that sends another text': (res) => endsThrough(res, 'text', function (text) {
    return nodeEnd.call(this, `more ${text as string}`)
  }),
  'an end in its place whose callback cannot be registered': (res, note) => {
    res.once('newListener', () => { throw new Error('no listeners here') })
    attempt(note, () => endsThrough(res, 'text', function (text) {
      return nodeEnd.call(this, text, undefined, () => note('written'))
    }))
    res.socket?.destroySoon()
  },
  'a callback that cannot be registered': (res, note) => {
    res.once('newListener', () => { throw new Error('no listeners here') })
    attempt(note, () => res.end('text', () => note('written')))
    res.socket?.destroySoon()
  },
  'a second end': (res, note) => {
    res.end('text')
    res.end('more', () => note('second end'))
  },
  'a response that is destroyed': (res) => {
    res.destroy()
    res.end('text')
  },
  'a corked response': (res) => {
    res.cork()
    res.end('text')
  },
  'a corked socket': (res) => {
    res.socket?.cork()
    res.end('text')
  },
}

describe("Node's own response, and one of listen, send and emit the same:", () => {
  for (const [name, answer] of Object.entries(answers)) {
    for (const method of ['GET', 'HEAD']) {
      it(`${name}, ${method}`, async () => {
        const expected = await observe(http.ServerResponse, answer, method)
        expect(await observe(Outgoing, answer, method)).to.deep.equal(expected)
        expect(await observe(JoinedResponse, answer, method), 'also on a Node that joins them itself').to.deep.equal(expected)
      })
    }
  }

  /** What the client receives of a response and of one that waits behind it, and what happens to both. */
  async function observe(Response: typeof ServerResponse, answer: Answer, method: string): Promise<{ text: string; events: string[] }> {
    const events: string[] = []
    const notes = new Map<ServerResponse, Note>()
    const server = http.createServer({ ServerResponse: Response }, (req, res) => {
      const note: Note = (event) => void events.push(`${req.url} ${event}`)
      for (const event of ['prefinish', 'finish', 'close']) res.on(event, () => note(event))
      res.on('error', (error) => note(error.message))
      res.sendDate = false
      notes.set(res, note)
      if (notes.size < 2) return
      for (const [each, note] of [...notes].reverse()) attempt(note, () => answer(each, note), () => req.socket.destroySoon())
    })
    const closed = once(server, 'connection').then(([socket]) => once(socket as Socket, 'close'))
    const client = new Client(await serveAny(server.listen(0)))
    client.send(`${method} /1 HTTP/1.1\r\nHost: ebb\r\n\r\n${method} /2 HTTP/1.1\r\nHost: ebb\r\nConnection: close\r\n\r\n`)
    await Promise.all([client.closed, closed])
    return { text: client.text, events }
  }
})
