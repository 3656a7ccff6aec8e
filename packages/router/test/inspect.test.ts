import { expect } from 'chai'
import { printRoutes, Router } from '../src'
import { hasNestedQuantifiers } from '../src/inspect'

const shadows = (...paths: string[]) => {
  const router = new Router()
  for (const path of paths) router.get(path, () => {})
  return router.inspect().map(({ shadowedBy }) => shadowedBy)
}

describe('inspect', () => {
  it("lists methods, paths, names, handlers' names and options, in order", () => {
    const router = new Router({ prefix: '/v1' })
    router.use(async function session() {})
    router.get('user', '/users/:id', { stop: 'end', timeout: 2_000 }, function getUser() {}, () => {})
    const [use, get] = router.inspect()
    expect(use).to.deep.include({ path: '/v1', methods: [], handlers: ['session'] })
    expect(get).to.deep.equal({
      path: '/v1/users/:id', methods: ['HEAD', 'GET'], name: 'user', handlers: ['getUser', '(anonymous)'], stop: 'end', timeout: 2_000, shadowedBy: [], problems: [],
    })
  })

  for (const [what, paths, expected] of [
    ['a text behind a param', ['/users/:id', '/users/me'], ['/users/:id']],
    ['a param behind a param of another name', ['/:a', '/:b'], ['/:a']],
    ['a param behind a wildcard', ['/*rest', '/a/:b'], ['/*rest']],
    ['parts of a segment behind a param', ['/:x', '/:a-:b.json'], ['/:x']],
    ['both forms of an optional group', ['/a', '/a/:b', '/a{/:c}'], ['/a/:b', '/a']],
    ['a wildcard behind a wildcard', ['/a/*x', '/a/b/*y'], ['/a/*x']],
  ] as const) {
    it(`finds ${what} shadowed`, () => {
      expect(shadows(...paths).at(-1)).to.deep.equal(expected)
    })
  }

  for (const [what, paths] of [
    ['a param behind a text', ['/users/me', '/users/:id']],
    ['an optional group of which one form is new', ['/a', '/a{/:b}']],
    ['a wildcard behind a param', ['/:a', '/*rest']],
    ['a param behind parts of a segment', ['/:a-:b', '/:x']],
  ] as const) {
    it(`does not find ${what} shadowed`, () => {
      expect(shadows(...paths).at(-1)).to.deep.equal([])
    })
  }

  it('does not find a route of another method shadowed, nor one behind a middleware', () => {
    const router = new Router()
    router.use('/a', () => {}).post('/a', () => {}).get('/a', () => {})
    expect(router.inspect().flatMap(({ shadowedBy }) => shadowedBy)).to.deep.equal([])
  })

  it('does not find a loose route shadowed by a strict or sensitive one', () => {
    const router = new Router()
    router.register('/a', ['GET'], () => {}, { strict: true })
    router.register('/a', ['GET'], () => {}, { sensitive: true })
    router.get('/a', () => {})
    expect(router.inspect().at(-1)?.shadowedBy).to.deep.equal([])
  })

  it('names routes that no request can reach, and dangerous RegExps', () => {
    const router = new Router()
    router.get('/caf\u00e9', () => {}).get('users', () => {}).get(/^(a+)+$/, () => {}).get('/nothing').get('/fine', () => {})
    expect(router.inspect().map(({ problems }) => problems)).to.deep.equal([
      ['unreachable: spaces, ?, # and characters beyond ASCII come percent-encoded'],
      ["unreachable: a path begins with '/'"],
      ['nested quantifiers: a hostile path may take the RegExp for ever'],
      ['no handler'],
      [],
    ])
  })

  it('prints as a table', () => {
    const router = new Router()
    router.use(function log() {}).get('user', '/users/:id', { timeout: 50 }, function getUser() {}).get('/users/me', function me() {}).all('/x', () => {})
    expect(printRoutes(router.inspect()).split('\n')).to.deep.equal([
      'use       (every path)  log',
      'HEAD,GET  /users/:id    "user" getUser  timeout: 50 ms',
      'HEAD,GET  /users/me     me              shadowed by /users/:id',
      'all       /x            (anonymous)',
    ])
  })

  for (const [source, nested] of [
    ['(a+)+', true], ['(a*)*', true], ['(?:a|b+)*', true], ['((a+)b)+', true], ['(a{2,})+', true],
    ['a+b*', false], ['(a+)', false], ['(ab)+', false], ['[(+)]+', false], ['\\(a+\\)+', false], ['(a?)b', false], ['(a{2})+', false],
  ] as const) {
    it(`${nested ? 'flags' : 'passes'} /${source}/`, () => {
      expect(hasNestedQuantifiers(source)).to.equal(nested)
    })
  }
})
