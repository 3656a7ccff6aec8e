import { once } from 'node:events'
import http from 'node:http'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { App, Context } from '@ebbjs/core'
import { ask, Client, gate, GET, printed, serve, serveAny } from './harness'

describe('App', () => {
  describe('options', () => {
    it('have the defaults of Koa', () => {
      const app = new App()
      expect(app).to.include({ proxy: false, subdomainOffset: 2, proxyIpHeader: 'X-Forwarded-For', maxIpsCount: 0, silent: false })
      expect(app.env).to.equal(process.env['NODE_ENV'] ?? 'development')
      expect(app.keys).to.equal(undefined)
    })

    it('refuse a timeout that is no time, naming what, value and rule', () => {
      for (const [timeout, shown] of [[-1, '-1'], [0, '0'], [NaN, 'NaN'], ['5s', "'5s'"]] as const) {
        expect(() => new App({ timeout: timeout as number }))
          .to.throw(RangeError, `Cannot create an App with timeout ${shown}: it must be a number of ms above 0`)
      }
    })

    it('may be null, as in Koa', () => {
      expect(new App(null as never).subdomainOffset).to.equal(2)
    })

    it('ignore what they do not know, as in Koa', () => {
      expect(() => new App({ unknown: 1 } as object)).not.to.throw()
    })

    it('`server` goes to http.createServer', () => {
      const server = new App({ server: { maxHeaderSize: 9000, keepAliveTimeout: 1234 } }).listen(0)
      expect(server.keepAliveTimeout).to.equal(1234)
      server.close()
    })

    it('`server` without a keepAliveTimeout has one that is longer than a balancer keeps a connection', () => {
      for (const options of [{}, { server: { maxHeaderSize: 9000 } }, { server: { keepAliveTimeout: undefined } as object }]) {
        const server = new App(options).listen(0)
        expect(server.keepAliveTimeout).to.equal(72_000)
        server.close()
      }
    })

    it('`timeout` is the deadline of each request', async () => {
      const app = new App({ timeout: 60_000 })
      app.use((ctx) => { ctx.body = ctx.deadline! - Date.now() })
      const left = Number((await ask(await serve(app))).body)
      expect(left).to.be.within(50_000, 60_000)
    })

    it('`compose` replaces ours', async () => {
      const app = new App({ compose: () => async (ctx) => { ctx.body = 'mine' } })
      expect((await ask(await serve(app))).body).to.equal('mine')
    })

    it('`asyncLocalStorage` makes currentContext the running request', async () => {
      const app = new App({ asyncLocalStorage: true })
      app.use(async (ctx) => {
        await null
        ctx.body = app.currentContext === ctx
      })
      expect((await ask(await serve(app))).body).to.equal('true')
      expect(app.currentContext).to.equal(undefined)
      expect(new App().currentContext).to.equal(undefined)
    })
  })

  it('use() refuses what is no function, in the words of Koa', () => {
    for (const bad of ['x', null, undefined, {}, 1]) {
      expect(() => new App().use(bad as never)).to.throw(TypeError, 'middleware must be a function!')
    }
  })

  it('attach() and beginStop() refuse what they cannot take, naming what, value and rule', () => {
    const app = new App()
    expect(() => app.attach({} as never)).to.throw(TypeError, 'Cannot attach {}: it must be a server of http, https or http2')
    expect(() => app.beginStop(undefined as never)).to.throw(TypeError, 'Cannot begin to stop with cause undefined: it must be a string')
  })

  it('use() returns the app, and middleware shows what it was given', () => {
    const app = new App()
    const fn = () => {}
    expect(app.use(fn)).to.equal(app)
    expect(app.middleware).to.deep.equal([fn])
  })

  it('shows its settings to console.log and JSON', () => {
    const app = new App({ env: 'test' })
    expect(JSON.parse(JSON.stringify(app))).to.deep.equal({ subdomainOffset: 2, proxy: false, env: 'test' })
    expect(app.inspect()).to.deep.equal(app.toJSON())
    expect(inspect(app)).to.equal(inspect(app.toJSON()))
  })

  it('can be subclassed', async () => {
    class Shop extends App {
      override createContext(...args: Parameters<App['createContext']>) {
        const ctx = super.createContext(...args)
        ctx.state['shop'] = 'open'
        return ctx
      }
    }
    const app = new Shop()
    app.use((ctx) => { ctx.body = ctx.state['shop'] })
    expect((await ask(await serve(app))).body).to.equal('open')
  })

  it('lets context, request and response be extended after callback()', async () => {
    const app = new App()
    app.use((ctx) => { ctx.body = (ctx as unknown as { hello: () => string }).hello() })
    const server = http.createServer(app.callback())
    Object.assign(app.context, { hello: () => 'late' })
    expect((await ask(await serve(app, server.listen(0)))).body).to.equal('late')
    expect('hello' in new App().context).to.equal(false)
  })

  describe('callback', () => {
    it('listens to error only when nobody does', () => {
      const app = new App()
      app.callback()
      app.callback()
      expect(app.listeners('error')).to.deep.equal([app.onerror])

      const watched = new App()
      watched.on('error', () => {})
      watched.callback()
      expect(watched.listenerCount('error')).to.equal(1)
    })

    it('calls createContext and handleRequest, so that both can be overridden', async () => {
      const app = new App()
      const seen: string[] = []
      const { createContext, handleRequest } = app
      app.createContext = (...args) => { seen.push('create'); return createContext.apply(app, args) }
      app.handleRequest = (...args) => { seen.push('handle'); return handleRequest.apply(app, args) }
      app.use((ctx) => { ctx.body = 'ok' })
      await ask(await serve(app))
      expect(seen).to.deep.equal(['create', 'handle'])
    })

    it('holds a request in flight until an override of handleRequest has ended, also one that was made after listen()', async () => {
      const app = new App()
      const port = await serve(app)
      let proceed: () => void = () => {}
      const proceeds = new Promise<void>((resolve) => (proceed = resolve))
      app.handleRequest = async (ctx) => {
        ctx.res.end('by hand')
        await proceeds
      }
      expect((await ask(port)).body).to.equal('by hand')
      expect([...app.inflight].map(({ phase }) => phase)).to.deep.equal(['handler'])
      proceed()
      await app.idle()
    })

    it('does not leave a client waiting when an overridden handleRequest throws', async () => {
      class Broken extends App {
        override handleRequest(): Promise<void> {
          throw new Error('broken')
        }
      }
      const app = new Broken()
      const lines = await printed(async () => expect((await ask(await serve(app))).status).to.equal(500))
      expect(lines.join()).to.include('broken')
    })

    it('answers nothing but 500 when an overridden ctx.onerror throws after a body was set', async () => {
      const app = new App()
      app.context.onerror = () => { throw new Error('broken onerror') }
      app.use((ctx) => {
        ctx.body = 'twelve bytes'
        throw new Error('of the chain')
      })
      const port = await serve(app)
      await printed(async () => {
        const { status, message, headers, body } = await ask(port)
        expect([status, message, headers['content-type'], headers['content-length'], body]).to.deep.equal([500, 'Internal Server Error', undefined, undefined, ''])
      })
    })

    it('takes a handleRequest that returns nothing', async () => {
      const app = new App()
      app.handleRequest = ((ctx: Context) => void ctx.res.end('by hand')) as never
      expect((await ask(await serve(app))).body).to.equal('by hand')
    })

    for (const how of ['at once', 'later']) {
      it(`waits for an overridden ctx.onerror that fails later, of a chain that ends ${how}`, async () => {
        const app = new App()
        app.context.onerror = (async () => {
          await new Promise(setImmediate)
          throw new Error('broken onerror')
        }) as () => void
        app.use(how === 'at once' ? (ctx) => { ctx.body = 1n } : async (ctx) => { ctx.body = 1n })
        const port = await serve(app)
        const lines = await printed(async () => expect((await ask(port)).status).to.equal(500))
        expect(lines[0]).to.contain('broken onerror')
      })
    }

    it('does not leave a client waiting when an overridden ctx.onerror throws', async () => {
      const app = new App()
      app.context.onerror = () => { throw new Error('broken onerror') }
      app.use(() => { throw new Error('handler') })
      const lines = await printed(async () => expect((await ask(await serve(app))).status).to.equal(500))
      expect(lines[0]).to.contain('broken onerror')
    })
  })

  describe('createContext', () => {
    it('only makes the object: no listener, nothing in flight', async () => {
      const app = new App()
      const server = http.createServer((req, res) => {
        const before = [req.listenerCount('close'), res.listenerCount('close')]
        const ctx = app.createContext(req, res)
        res.end(JSON.stringify({ same: ctx instanceof Context && ctx.req === req, before, after: [req.listenerCount('close'), res.listenerCount('close')], inflight: app.inflight.size }))
      })
      const { same, before, after, inflight } = JSON.parse((await ask(await serveAny(server.listen(0)))).body) as Record<string, unknown>
      expect(same).to.equal(true)
      expect(after).to.deep.equal(before)
      expect(inflight).to.equal(0)
    })

    it('takes stand-ins without methods, and no response at all', () => {
      const app = new App()
      const req = { url: '/a?b=c', method: 'GET', headers: { host: 'ebb' } } as never
      expect(app.createContext(req, {} as never).query).to.deep.equal({ b: 'c' })
      expect(app.createContext(req).path).to.equal('/a')
    })
  })

  describe('onerror', () => {
    it('throws for what is no error, in the words of Koa', () => {
      expect(() => new App().onerror('x' as never)).to.throw(TypeError, 'non-error thrown: "x"')
    })

    it('prints an error, but none that is for the client, and nothing when silent', async () => {
      const app = new App()
      const lines = await printed(() => {
        app.onerror(Object.assign(new Error('x'), { status: 404 }))
        app.onerror(Object.assign(new Error('x'), { expose: true }))
        app.onerror(Object.assign(new Error('x'), { stack: 'line 1\nline 2' }))
        app.silent = true
        app.onerror(new Error('x'))
      })
      expect(lines).to.deep.equal(['\n  line 1\n  line 2\n'])
    })
  })

  describe('hold', () => {
    it('lets new requests wait before the first middleware until released', async () => {
      const app = new App()
      let ran = 0
      app.use((ctx) => { ctx.body = String(++ran) })
      const port = await serve(app)
      const [one, two] = [app.hold(), app.hold()]
      const answer = ask(port)
      await once([...app.servers][0]!, 'request')
      expect(app.inflight.size).to.equal(1)
      one()
      one() // twice counts once
      expect(ran).to.equal(0)
      two()
      expect((await answer).body).to.equal('1')
    })

    it('runs no middleware for a client that left while it was held', async () => {
      const app = new App()
      let ran = false
      app.use(() => { ran = true })
      const port = await serve(app)
      const release = app.hold()
      const client = new Client(port).send(GET)
      await once([...app.servers][0]!, 'request')
      const [ctx] = app.inflight
      client.socket.destroy()
      await once(ctx!.res, 'close')
      release()
      await app.idle()
      expect(ran).to.equal(false)
    })
  })

  it('idle() resolves when the last request is done, at once if nothing is in flight', async () => {
    const app = new App()
    await app.idle()
    const handler = gate()
    app.use(async (ctx) => {
      await handler.promise
      ctx.body = 'ok'
    })
    const port = await serve(app)
    const answer = ask(port)
    await once([...app.servers][0]!, 'request')
    let idle = false
    const waiting = app.idle().then(() => { idle = true })
    await null
    expect(idle).to.equal(false)
    handler.open()
    await answer
    await waiting
    expect(app.inflight.size).to.equal(0)
  })
})
