import http from 'node:http'
import { expect } from 'chai'
import { type Outgoing } from '../src/outgoing'
import { App, type Context } from '@ebbjs/core'
import { ask, Client, serve } from './harness'

type Look = (ctx: Context) => unknown

/** What a middleware sees on `res` after the body was set below it. */
async function seen(body: unknown, look: Look, before: Look = () => {}): Promise<unknown> {
  const results: unknown[] = []
  for (const attached of [false, true]) {
    const app = new App()
    app.use(async (ctx, next) => {
      await next()
      results.push(await look(ctx))
    })
    app.use((ctx) => {
      before(ctx)
      ctx.body = body
    })
    const server = attached ? app.attach(http.createServer()).listen(0) : app.listen(0)
    await ask(await serve(app, server))
  }
  expect(results[0], 'on a server of listen as on one of your own').to.deep.equal(results[1])
  return results[0]
}

describe('headers that a body implies', () => {
  it('are read from res as if they were set', async () => {
    expect(await seen('hällo', ({ res }) => [res.getHeader('Content-Type'), Number(res.getHeader('content-length')), res.hasHeader('CONTENT-TYPE'), res.getHeader('x-none')]))
      .to.deep.equal(['text/plain; charset=utf-8', 6, true, undefined])
  })

  it('are in getHeaders and getHeaderNames', async () => {
    expect(await seen(Buffer.from('abc'), ({ res }) => [{ ...res.getHeaders() }, res.getHeaderNames()]))
      .to.deep.equal([{ 'content-type': 'application/octet-stream', 'content-length': 3 }, ['content-type', 'content-length']])
  })

  it('give way to what is set or removed by hand', async () => {
    expect(await seen('x', ({ res }) => {
      res.setHeader('Content-Type', 'text/css')
      res.removeHeader('Content-Length')
      return { ...res.getHeaders() }
    })).to.deep.equal({ 'content-type': 'text/css' })
  })

  it('can be appended to', async () => {
    expect(await seen('x', ({ res }) => {
      res.appendHeader('X-One', 'a').appendHeader('X-One', 'b')
      return { ...res.getHeaders() }
    })).to.deep.equal({ 'content-type': 'text/plain; charset=utf-8', 'content-length': 1, 'x-one': ['a', 'b'] })
  })

  it('are sent with a head that is written by hand', async () => {
    const app = new App()
    app.use((ctx) => {
      ctx.body = 'hello'
      ctx.respond = false
      ctx.res.writeHead(201, { 'X-Mine': '1' })
      ctx.res.end('hello')
    })
    const { status, headers } = await ask(await serve(app))
    expect(status).to.equal(201)
    expect(headers).to.include({ 'content-type': 'text/plain; charset=utf-8', 'content-length': '5', 'x-mine': '1' })
  })

  it('are there for a writeHead that somebody put in its place (on-headers)', async () => {
    const app = new App()
    let type: unknown
    app.use(async (ctx, next) => {
      const { writeHead } = ctx.res
      ctx.res.writeHead = function (this: typeof ctx.res, ...args: unknown[]) {
        type = this.getHeader('Content-Type')
        this.setHeader('X-Late', '1')
        return writeHead.apply(this, args as never)
      } as never
      await next()
    })
    app.use((ctx) => { ctx.body = { a: 1 } })
    const { headers } = await ask(await serve(app))
    expect(type).to.equal('application/json; charset=utf-8')
    expect(headers).to.include({ 'x-late': '1', 'content-type': 'application/json; charset=utf-8', 'content-length': '7' })
  })

  it('are read after the head was sent, as access logs do', async () => {
    const app = new App()
    const logged: unknown[] = []
    app.use((ctx) => {
      ctx.res.on('finish', () => logged.push([ctx.res.getHeader('content-type'), Number(ctx.res.getHeader('content-length')), ctx.response.type, ctx.length, Object.keys(ctx.res.getHeaders())]))
      ctx.body = '<p>'
    })
    await ask(await serve(app))
    await app.idle()
    expect(logged).to.deep.equal([['text/html; charset=utf-8', 3, 'text/html', 3, ['content-type', 'content-length']]])
  })

  it('leave out a length that is chunked', async () => {
    expect(await seen('x', ({ res }) => ({ ...res.getHeaders() }), (ctx) => ctx.set('Transfer-Encoding', 'chunked')))
      .to.deep.equal({ 'transfer-encoding': 'chunked', 'content-type': 'text/plain; charset=utf-8' })
  })

  it('are in getRawHeaderNames, before the head is sent and after', async () => {
    const app = new App()
    const names: string[][] = []
    app.use((ctx) => {
      ctx.res.on('finish', () => names.push((ctx.res as Outgoing).getRawHeaderNames()))
      ctx.body = 'x'
      if (ctx.path === '/before') names.push((ctx.res as Outgoing).getRawHeaderNames())
    })
    const port = await serve(app)
    for (const path of ['/before', '/after']) await ask(port, { path })
    expect(names).to.deep.equal(Array(3).fill(['Content-Type', 'Content-Length']))
  })

  it('stay when a header that should take their place is refused', async () => {
    expect(await seen('x', ({ res }) => {
      expect(() => res.setHeader('Content-Type', undefined as never)).to.throw('Invalid value "undefined" for header "Content-Type"')
      expect(() => res.setHeader('Content-Length', '1\n2')).to.throw('Invalid character in header content')
      return { ...res.getHeaders() }
    })).to.deep.equal({ 'content-type': 'text/plain; charset=utf-8', 'content-length': 1 })
  })

  it('stay for an access log when somebody sets or removes headers too late', async () => {
    const app = new App()
    const logged: unknown[] = []
    app.use((ctx) => {
      const { res } = ctx
      res.on('finish', () => {
        expect(() => res.setHeader('Content-Type', 'text/css')).to.throw('Cannot set headers after they are sent')
        expect(() => res.removeHeader('Content-Length')).to.throw('Cannot remove headers after they are sent')
        logged.push(res.getHeader('Content-Type'), res.getHeader('Content-Length'))
      })
      ctx.body = 'x'
    })
    await ask(await serve(app))
    expect(logged).to.deep.equal(['text/plain; charset=utf-8', 1])
  })
})

describe('the length of a body that is sent in one piece', () => {
  /** All that a client receives, as bytes. */
  async function received(use: (ctx: Context) => unknown, request: string): Promise<string> {
    const app = new App()
    app.use((ctx) => void use(ctx))
    const client = new Client(await serve(app)).send(request)
    client.socket.end()
    return client.all()
  }
  const request = (method = 'GET', version = '1.1', more = '') => `${method} / HTTP/${version}\r\nHost: ebb\r\nConnection: close\r\n${more}\r\n`
  const bodies: [name: string, body: string | Buffer, length: number][] = [
    ['several bytes a character', 'h\u00e4llo \ud83c\udf0a', 11],
    ['an empty string', '', 0],
    ['a Buffer', Buffer.from('abc'), 3],
    ['an empty Buffer', Buffer.alloc(0), 0],
  ]

  for (const [name, body, length] of bodies) {
    for (const [how, method, version, more] of [['HTTP/1.1', 'GET', '1.1', ''], ['HTTP/1.0', 'GET', '1.0', ''], ['HTTP/1.0 with TE', 'GET', '1.0', 'TE: chunked\r\n'], ['HEAD', 'HEAD', '1.1', '']] as const) {
      it(`is sent once: ${name}, ${how}`, async () => {
        const answer = await received((ctx) => { ctx.body = body }, request(method, version, more))
        expect(answer.match(/^(?:Content-Length|Transfer-Encoding): .*$/gmi)).to.deep.equal([`Content-Length: ${length}`])
        expect(answer.split('\r\n\r\n')[1]).to.have.lengthOf(method === 'HEAD' ? 0 : length)
      })
    }
  }

  it('is sent to HEAD that middleware made a GET', async () => {
    const answer = await received((ctx) => {
      ctx.method = 'GET'
      ctx.body = 'hello'
    }, request('HEAD'))
    expect(answer).to.include('Content-Length: 5\r\n').and.to.match(/\r\n\r\n$/)
  })

  it('is sent with a 304 that is answered by hand', async () => {
    const answer = await received((ctx) => {
      ctx.body = 'hello'
      ctx.respond = false
      ctx.res.statusCode = 304
      ctx.res.end('hello')
    }, request())
    expect(answer).to.include('Content-Length: 5\r\n').and.to.match(/\r\n\r\n$/)
  })

  it('is sent when Node is told to send nothing in chunks', async () => {
    const answer = await received((ctx) => {
      ctx.res.useChunkedEncodingByDefault = false
      ctx.body = 'hello'
    }, request())
    expect(answer).to.include('Content-Length: 5\r\n')
  })

  it('is not that of a body before: a string, then null as JSON', async () => {
    const answer = await received((ctx) => {
      ctx.type = 'json'
      ctx.body = '{"long":1}'
      ctx.body = null
    }, request())
    expect(answer).to.include('Transfer-Encoding: chunked\r\n').and.to.match(/\r\n\r\n4\r\nnull\r\n0\r\n\r\n$/)
    expect(answer).not.to.include('Content-Length')
  })

  it('is sent when an end in the place of Node\'s writes first, as monitoring may', async () => {
    const { end } = http.ServerResponse.prototype
    const answer = await received((ctx) => {
      http.ServerResponse.prototype.end = function (this: http.ServerResponse, text: unknown) {
        http.ServerResponse.prototype.end = end
        this.write(text)
        return this.end()
      } as never
      ctx.body = 'hello'
    }, request())
    expect(answer).to.include('Content-Length: 5\r\n').and.to.match(/\r\n\r\nhello$/)
  })

  it('is left out once Content-Length is removed, also by a writeHead in its place (compression)', async () => {
    const answer = await received((ctx) => {
      const { res } = ctx
      const { writeHead } = res
      res.writeHead = function (this: typeof res, ...args: unknown[]) {
        this.removeHeader('Content-Length')
        return writeHead.apply(this, args as never)
      } as never
      ctx.body = 'hello'
    }, request())
    expect(answer).to.include('Transfer-Encoding: chunked\r\n').and.not.to.include('Content-Length')
  })
})

describe('headers that are set past it', () => {
  // cookies calls OutgoingMessage.prototype.setHeader on a res that has a `set`, as Express's.
  it('are read: a second cookie keeps the first', async () => {
    const app = new App()
    app.use((ctx) => {
      Object.assign(ctx.res, { set: () => {} })
      ctx.cookies.set('a', '1')
      ctx.cookies.set('b', '2')
      ctx.body = 'x'
    })
    expect((await ask(await serve(app))).headers['set-cookie']).to.deep.equal(['a=1; path=/; httponly', 'b=2; path=/; httponly'])
  })
})
