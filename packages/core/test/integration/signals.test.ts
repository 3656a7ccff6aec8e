import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { type Socket } from 'node:net'
import tls from 'node:tls'
import { expect } from 'chai'
import { App, type Context, type Server } from '@ebbjs/core'
import { certificate } from '../certificate'
import { Client, gate, serve } from '../harness'

/** One way to speak with an app: sends requests on one connection, leaves in the middle of one. */
interface Wire {
  send(method: string, body?: string): { answered: Promise<string>; leave: () => void }
  end(): Promise<unknown>
}

const protocols: Record<string, { server: () => Server; open: (port: number) => Wire }> = {
  'HTTP/1.1': { server: () => http.createServer(), open: (port) => bytes(new Client(port)) },
  'HTTPS': {
    server: () => https.createServer(certificate),
    open: (port) => bytes(new Client(tls.connect({ port, rejectUnauthorized: false }) as Socket)),
  },
  'HTTP/2': { server: () => http2.createServer(), open: (port) => streams(`http://localhost:${port}`) },
  'HTTP/2 over TLS': { server: () => http2.createSecureServer(certificate), open: (port) => streams(`https://localhost:${port}`) },
}

function bytes(client: Client): Wire {
  let count = 0
  return {
    send(method, body = '') {
      client.send(`${method} / HTTP/1.1\r\nHost: ebb\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      return { answered: client.sees('answered', ++count), leave: () => client.socket.destroy() }
    },
    end() {
      client.socket.destroy()
      return client.closed
    },
  }
}

function streams(url: string): Wire {
  const session = http2.connect(url, { rejectUnauthorized: false })
  return {
    send(method, body = '') {
      const stream = session.request({ ':method': method }, { endStream: body === '' })
      stream.on('error', () => {})
      if (body !== '') stream.end(body)
      const answered = (async () => {
        let text = ''
        for await (const chunk of stream) text += String(chunk)
        return text
      })()
      answered.catch(() => {})
      return { answered, leave: () => stream.close(http2.constants.NGHTTP2_CANCEL) }
    },
    end() {
      session.close()
      return once(session, 'close')
    },
  }
}

for (const [name, { server, open }] of Object.entries(protocols)) {
  describe(`ctx.signal over ${name}`, () => {
    async function start(handle: (ctx: Context) => unknown): Promise<{ app: App; wire: Wire }> {
      const app = new App().use(async (ctx) => {
        await handle(ctx)
        ctx.body = 'answered'
      })
      app.on('error', (error) => { throw error })
      return { app, wire: open(await serve(app, app.attach(server()).listen(0))) }
    }

    it('does not abort for complete requests, with and without a body, one after another on a connection', async () => {
      const signals: AbortSignal[] = []
      const { app, wire } = await start(async (ctx) => {
        signals.push(ctx.signal)
        if (ctx.method === 'POST') await once(ctx.req.resume(), 'end')
        await new Promise(setImmediate)
      })
      for (const [method, body] of [['GET', ''], ['POST', 'a body'], ['GET', ''], ['POST', 'another'], ['PUT', 'unread']] as const) {
        await wire.send(method, body).answered
      }
      await app.idle()
      await wire.end()
      await new Promise(setImmediate)
      expect(signals.map(({ aborted }) => aborted)).to.deep.equal(Array(5).fill(false))
    })

    for (const [method, body, read] of [['GET', '', false], ['POST', 'a body', true], ['POST', 'a body', false]] as const) {
      it(`aborts when the client of a ${method} leaves${read ? ' after its body was read' : body && ' while its body is unread'}`, async () => {
        const waiting = gate<Context>()
        const { app, wire } = await start(async (ctx) => {
          if (read) await once(ctx.req.resume(), 'end')
          expect(ctx.signal.aborted).to.equal(false)
          waiting.open(ctx)
          await once(ctx.signal, 'abort')
        })
        const { answered, leave } = wire.send(method, body)
        answered.catch(() => {})
        const ctx = await waiting.promise
        leave()
        await app.idle()
        expect(ctx.signal.reason).to.have.property('code', 'EBB_CLIENT_GONE')
        await wire.end()
      })
    }

    it('aborts while a stream is sent', async () => {
      const streaming = gate<Context>()
      const { app, wire } = await start(async (ctx) => {
        ctx.respond = false
        ctx.res.write('begun')
        streaming.open(ctx)
        await once(ctx.signal, 'abort')
      })
      const { answered, leave } = wire.send('GET')
      answered.catch(() => {})
      const ctx = await streaming.promise
      leave()
      await app.idle()
      expect(ctx.signal.reason).to.have.property('code', 'EBB_CLIENT_GONE')
      await wire.end()
    })

    it('aborts at the deadline', async () => {
      const waiting = gate<Context>()
      const { app, wire } = await start(async (ctx) => {
        waiting.open(ctx)
        ctx.timeout(1)
        await once(ctx.signal, 'abort')
        throw ctx.signal.reason
      })
      const { answered } = wire.send('GET')
      answered.catch(() => {})
      const ctx = await waiting.promise
      await app.idle()
      expect(ctx.signal.reason).to.have.property('code', 'EBB_DEADLINE')
      expect(ctx.status).to.equal(503)
      await wire.end()
    })
  })
}
