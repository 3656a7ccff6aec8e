import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'chai'
import { Router } from '../src'

const find = (pattern: string, path: string) => {
  const router = new Router()
  router.get(pattern, () => {})
  return router.find('GET', path)?.params
}

describe('params', () => {
  it('of a wildcard are its parts, each decoded by itself', () => {
    expect([find('/*p', '/a'), find('/*p', '/a/b'), find('/*p', '/a/b/c'), find('/*p', '/a/b/c/d/e'), find('/*p', '/a//b/'), find('/*p', '/a%2Fb/c')]).to.deep.equal([
      { p: ['a'] }, { p: ['a', 'b'] }, { p: ['a', 'b', 'c'] }, { p: ['a', 'b', 'c', 'd', 'e'] }, { p: ['a', '', 'b', ''] }, { p: ['a/b', 'c'] },
    ])
  })

  it('keep + as it is', () => {
    expect(find('/:q', '/a+b%2Bc%20d')).to.deep.equal({ q: 'a+b+c d' })
  })

  it('that cannot be decoded are an error with status 400, wherever they are', () => {
    for (const [pattern, path] of [['/:a', '/%'], ['/*a', '/x/%E0%A4%A'], ['/:a-:b', '/%-x']] as const) {
      expect(() => find(pattern, path)).to.throw(URIError, 'Cannot decode param "a"').with.property('status', 400)
    }
  })

  it('are the same where Node forbids code from strings', () => {
    const script = "const { Router } = require('./packages/router/src'); const router = new Router(); router.get('/:a/*b', () => {}); console.log(JSON.stringify(router.find('GET', '/1/2/3').params))"
    const flags = ['--disallow-code-generation-from-strings', '-C', '@ebbjs/source', '-r', 'ts-node/register', '-e', script]
    expect(execFileSync(process.execPath, flags, { cwd: join(__dirname, '../../..'), encoding: 'utf8' })).to.equal('{"a":"1","b":["2","3"]}\n')
  })
})
