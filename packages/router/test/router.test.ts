import { App, type Context, type Next } from '@ebbjs/core'
import { expect } from 'chai'
import { Router } from '../src'
import { serve } from './serve'

describe('Router', () => {
  it('runs the route that takes method and path, with its params decoded', async () => {
    const router = new Router()
    router.get('/users/:id', (ctx) => {
      ctx.body = { id: ctx.params.id }
    })
    await serve(new App().use(router.routes()), async (ask) => {
      expect((await ask('GET', '/users/a%20b+c')).body).to.equal('{"id":"a b+c"}')
      expect((await ask('GET', '/users')).status).to.equal(404)
    })
  })

  it('makes no promise of handlers that end at once, and the same promises as before of others', async () => {
    const router = new Router()
    router.get('/use/*rest', (_ctx, next) => next())
    router.get(['/one', '/use/two'], () => {})
    router.get('/value', () => 'said')
    router.get('/async', async () => {})
    router.get('/throws', () => {
      throw new Error('of the handler')
    })
    const run = (path: string): unknown => router.routes()({ path, method: 'GET', request: {} } as never, () => Promise.resolve())
    expect([run('/one'), run('/use/two')]).to.deep.equal([undefined, undefined])
    expect(run('/async')).to.be.an.instanceof(Promise)
    expect(await run('/value')).to.equal('said')
    expect(await (run('/throws') as Promise<void>).catch((error: Error) => error.message)).to.equal('of the handler')
  })

  it('answers HEAD by a GET route', async () => {
    const router = new Router()
    router.get('/', (ctx) => {
      ctx.body = 'four'
    })
    await serve(new App().use(router.routes()), async (ask) => {
      const answer = await ask('HEAD', '/')
      expect([answer.status, answer.headers['content-length'], answer.body]).to.deep.equal([200, '4', ''])
    })
  })

  it('runs every layer that matches, in the order of registration', async () => {
    const seen: string[] = []
    const mark = (name: string) => (_ctx: Context, next: Next) => {
      seen.push(name)
      return next()
    }
    const router = new Router()
    router.get('/a/:x', mark('param')).use(mark('use')).get('/a/b', mark('static')).use('/other', mark('other')).get('/a/b', mark('last'))
    await serve(new App().use(router.routes()), async (ask) => {
      await ask('GET', '/a/b')
      expect(seen).to.deep.equal(['param', 'use', 'static', 'last'])
    })
  })

  it('puts its prefix, params and all, before every path', async () => {
    const router = new Router({ prefix: '/orgs/:org' })
    router.use((ctx, next) => {
      ctx.set('X-Org', ctx.params['org'] as string)
      return next()
    })
    router.get('/', (ctx) => {
      ctx.body = `org ${ctx.params.org}`
    })
    router.get('/users/:id', (ctx) => {
      ctx.body = `${ctx.params.org} ${ctx.params.id}`
    })
    await serve(new App().use(router.routes()), async (ask) => {
      expect((await ask('GET', '/orgs/ebb')).body).to.equal('org ebb')
      const answer = await ask('GET', '/orgs/ebb/users/7')
      expect([answer.body, answer.headers['x-org']]).to.deep.equal(['ebb 7', 'ebb'])
    })
  })

  it('answers 400 for a param that is not valid percent-encoded UTF-8, and does not report it as an error', async () => {
    const router = new Router()
    router.get('/users/:id', () => {})
    const app = new App().use(router.routes())
    await serve(app, async (ask) => {
      app.silent = true
      const answer = await ask('GET', '/users/%zz')
      expect(answer.status).to.equal(400)
      expect(answer.body).to.equal('Cannot decode param "id" of the path: %zz is not valid percent-encoded UTF-8')
    })
  })

  describe('allowedMethods', () => {
    const app = () => {
      const router = new Router()
      router.get('/things', () => {}).put('/things', () => {})
      return new App().use(router.routes()).use(router.allowedMethods())
    }

    it('answers 405 with Allow where another method matches', () =>
      serve(app(), async (ask) => {
        const answer = await ask('DELETE', '/things')
        expect([answer.status, answer.headers.allow]).to.deep.equal([405, 'HEAD, GET, PUT'])
      }))

    it('answers OPTIONS with Allow', () =>
      serve(app(), async (ask) => {
        const answer = await ask('OPTIONS', '/things')
        expect([answer.status, answer.headers.allow, answer.body]).to.deep.equal([200, 'HEAD, GET, PUT', ''])
      }))

    it('answers 501 for a method that is not implemented', () =>
      serve(app(), async (ask) => {
        expect((await ask('PURGE', '/things')).status).to.equal(501)
      }))

    it('leaves an unknown path alone', () =>
      serve(app(), async (ask) => {
        expect((await ask('DELETE', '/nothing')).status).to.equal(404)
      }))
  })

  describe('find', () => {
    it('gives the first route in the order of registration, with the very functions given', () => {
      const handler = () => {}
      const router = new Router()
      router.use(() => {}).get('/users/:id', handler).get('/users/me', () => {})
      const match = router.find('get', '/users/me')
      expect(match?.route.stack).to.deep.equal([handler])
      expect(match?.params).to.deep.equal({ id: 'me' })
    })

    it('gives null where no route takes path and method', () => {
      const router = new Router()
      router.use(() => {}).get('/users', () => {})
      expect(router.find('POST', '/users')).to.equal(null)
      expect(router.find('GET', '/nothing')).to.equal(null)
    })
  })

  it('allowed lists the methods of a path', () => {
    const router = new Router()
    router.get('/a', () => {}).post('/:x', () => {}).delete('/b', () => {})
    expect(router.allowed('/a')).to.deep.equal(['HEAD', 'GET', 'POST'])
    expect(router.allowed('/a/b')).to.deep.equal([])
  })

  it('match gives all layers of a path and those that run', () => {
    const router = new Router()
    router.use(() => {}).get('/a', () => {}).post('/a', () => {})
    const match = router.match('/a', 'GET')
    expect(match.path).to.deep.equal(router.stack)
    expect(match.pathAndMethod).to.deep.equal(router.stack.slice(0, 2))
    expect(match.route).to.equal(true)
    expect(router.match('/a', 'PUT').route).to.equal(false)
  })

  for (const [path, message] of [
    ['/:', 'Missing parameter name at index 2: /:; visit https://git.new/pathToRegexpError for info'],
    ['/{a', 'Unexpected end at index 3, expected }: /{a; visit https://git.new/pathToRegexpError for info'],
    ['/:a:b', 'Missing text before "b" param: /:a:b; visit https://git.new/pathToRegexpError for info'],
    ['/(a)', 'Unexpected ( at index 1: /(a); visit https://git.new/pathToRegexpError for info'],
    ['{a}{b}{c}{d}{e}{f}{g}{h}{i}', 'Too many path combinations: {a}{b}{c}{d}{e}{f}{g}{h}{i}; visit https://git.new/pathToRegexpError for info'],
  ] as const) {
    it(`refuses the path ${path} when it is registered, in path-to-regexp's words`, () => {
      expect(() => new Router().get(path, () => {})).to.throw(TypeError, message)
    })
  }

  it('refuses a handler that is no function', () => {
    expect(() => new Router().get('/a', 5 as never)).to.throw(TypeError, 'get `/a`: `middleware` must be a function, not `number`')
  })

  it('takes the empty path: its prefix itself', () => {
    const router = new Router({ prefix: '/p' })
    router.get('', () => {})
    expect([router.allowed('/p'), router.allowed('/p/'), router.allowed('/p/x')]).to.deep.equal([['HEAD', 'GET'], ['HEAD', 'GET'], []])
  })

  it('leaves a router that it mounts as it was', () => {
    const child = new Router()
    child.get('/:x', () => {})
    const router = new Router()
    router.param('x', () => {}).use('/n', child.routes())
    expect([child.stack[0]?.path, child.stack[0]?.stack.length, Object.keys(child.params), router.stack[0]?.stack.length]).to.deep.equal(['/:x', 1, [], 2])
  })

  it('does not change the options that it is given', () => {
    const options = { prefix: '/a' }
    new Router(options).prefix('/b')
    expect(options).to.deep.equal({ prefix: '/a' })
  })

  it('takes a param of any name', () => {
    const router = new Router()
    router.param('constructor', () => {}).get('/:constructor', () => {}).get('/:toString', () => {})
    expect(router.stack.map(({ stack }) => stack.length)).to.deep.equal([2, 1])
    expect(router.find('GET', '/x')?.params).to.deep.equal({ constructor: 'x' })
  })

  it('sees routes that are added while it runs, and a stack that was changed by hand', () => {
    const router = new Router()
    router.get('/a', () => {})
    expect(router.allowed('/b')).to.deep.equal([])
    router.get('/b', () => {})
    expect(router.allowed('/b')).to.deep.equal(['HEAD', 'GET'])
    router.stack.pop()
    expect(router.allowed('/b')).to.deep.equal([])
    router.stack.pop()
    router.post('/c', () => {})
    expect([router.allowed('/a'), router.allowed('/c')]).to.deep.equal([[], ['POST']])
  })

  it('serves two apps, and an app serves two requests at once', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const router = new Router()
    router.use((_ctx, next) => next()).get('/:id', async (ctx) => {
      if (ctx.params.id === 'slow') await held
      ctx.body = ctx.params.id
    })
    await serve(new App().use(router.routes()), (ask) => serve(new App().use(router.routes()), async (other) => {
      const slow = ask('GET', '/slow')
      expect((await other('GET', '/fast')).body).to.equal('fast')
      release()
      expect((await slow).body).to.equal('slow')
    }))
  })
})
