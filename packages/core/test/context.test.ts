import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { App, Context, createHttpError, HttpError, isHttpError, Request, Response } from '@ebbjs/core'
import { ask, serve } from './harness'

const koa = createRequire(__filename)

/** Whether a member can be read, called and written, along the chain of prototypes. */
function kind(prototype: object, name: PropertyKey): string {
  for (let object: object | null = prototype; object !== null; object = Object.getPrototypeOf(object) as object | null) {
    const member = Object.getOwnPropertyDescriptor(object, name)
    if (member === undefined) continue
    if (member.get || member.set) return `${member.get ? 'get' : ''} ${member.set ? 'set' : ''}`.trim()
    return typeof member.value === 'function' ? 'method' : 'get set'
  }
  return 'none'
}

describe('members', () => {
  for (const [name, ours] of Object.entries({ context: Context, request: Request, response: Response })) {
    const theirs = koa(`koa/lib/${name}`) as object
    it(`of ${name} are all that Koa has, and can be written where Koa's can`, () => {
      for (const member of Reflect.ownKeys(theirs)) {
        const [koas, ebbs] = [kind(theirs, member), kind(ours.prototype, member)]
        const fits = { 'method': ['method', 'get set'], 'get': ['get', 'get set'] }[koas] ?? [koas]
        expect(fits, String(member)).to.include(ebbs)
      }
    })
  }

  it('of App are all that Koa has', () => {
    const Koa = koa('koa') as new () => object
    const [theirs, ours] = [new Koa(), new App({ asyncLocalStorage: true })]
    for (const name of [...Object.keys(theirs), ...Object.getOwnPropertyNames(Koa.prototype)]) {
      if (!name.startsWith('_')) expect(name in ours, name).to.equal(true)
    }
  })
})

describe('context', () => {
  it("has the own enumerable fields of Koa's", async () => {
    let keys: string[] = []
    await new App().use((ctx) => { keys = Object.keys(ctx) }).inject()
    expect(keys.sort()).to.deep.equal(['app', 'originalUrl', 'req', 'request', 'res', 'response', 'state'])
  })

  it('is shown without sockets or Node objects', async () => {
    let shown = ''
    const app = new App().use((ctx) => { shown = inspect(ctx, { depth: 9 }) })
    await ask(await serve(app), { path: '/x' })
    expect(shown).to.contain("url: '/x'").and.to.contain("req: '<original node req>'").and.not.to.contain('Socket')
  })

  it('can be wrapped in a Proxy that middleware passes on', async () => {
    const app = new App()
    app.use((ctx, next) => {
      const proxy = new Proxy(ctx, {})
      proxy.body = proxy.path
      proxy.cookies.set('a', 'b')
      proxy.timeout(1000)
      void [proxy.signal, proxy.query, proxy.accepts('json'), proxy.ip, proxy.host]
      return next()
    })
    expect((await app.inject({ url: '/p' })).text()).to.equal('/p')
  })

  it('works with stand-ins for req and res that have what Koa asks for', () => {
    const headers: Record<string, unknown> = {}
    const res = {
      _headers: headers,
      statusCode: 404,
      getHeader: (name: string) => headers[name.toLowerCase()],
      setHeader: (name: string, value: unknown) => { headers[name.toLowerCase()] = value },
      removeHeader: (name: string) => { delete headers[name.toLowerCase()] },
    }
    const req = { headers: { host: 'ebb', accept: 'text/html' }, url: '/', method: 'GET', socket: { remoteAddress: '1.2.3.4' } }
    const ctx = new App().createContext(req as never, res as never)
    ctx.body = { a: 1 }
    ctx.set('X-A', '1')
    ctx.append('X-A', '2')
    ctx.vary('Origin')
    ctx.redirect('/x')
    expect(ctx.response.get('x-a')).to.deep.equal(['1', '2'])
    expect(ctx.response.header).to.include({ location: '/x', vary: 'Origin' })
    expect([ctx.status, ctx.type, ctx.ip, ctx.has('none')]).to.deep.equal([302, 'text/html', '1.2.3.4', false])
  })
})

describe('HttpError', () => {
  it("is http-errors' class, and what ctx.throw throws", async () => {
    const errors: unknown[] = []
    const app = new App().use((ctx) => ctx.throw(404))
    app.on('error', (error) => errors.push(error))
    await app.inject()
    expect(errors[0]).to.be.instanceOf(HttpError).and.to.be.instanceOf(createHttpError.NotFound)
    expect(HttpError).to.equal((koa('http-errors') as { HttpError: unknown }).HttpError)
    expect(isHttpError(errors[0])).to.equal(true)
  })

  // As in Koa 3.3: a middleware brings its own copy of http-errors.
  it('takes errors of another copy of http-errors for its own, by their shape', () => {
    const other = Object.assign(new Error('x'), { expose: true, status: 400, statusCode: 400 })
    expect(other instanceof HttpError).to.equal(true)
    expect(other instanceof createHttpError.NotFound).to.equal(false)
    for (const bad of [new Error('x'), { expose: true, status: 400, statusCode: 400 }, Object.assign(new Error('x'), { expose: true, status: 400, statusCode: 401 }), null]) {
      expect((bad as unknown) instanceof HttpError).to.equal(false)
    }
  })
})
