import { expect } from 'chai'
import { match, type MatchFunction, type ParamData } from 'path-to-regexp'
import { Layer } from '../src/layer'
import { Matcher } from '../src/matcher'
import { github } from './tables/github'
import { kubernetes } from './tables/kubernetes'
import { payments } from './tables/payments'

function compile(patterns: readonly string[]): Matcher {
  const matcher = new Matcher()
  for (const pattern of patterns) matcher.add(new Layer(pattern, ['GET'], () => {}))
  return matcher
}

const paramsOf = (pattern: string, path: string) => compile([pattern]).first(path, 'GET')?.params

describe('Matcher', () => {
  for (const [name, table] of Object.entries({ github, kubernetes, payments })) {
    it(`takes the paths of the ${name} table by the layers that path-to-regexp takes them by`, () => {
      const patterns = table.map((row) => row.slice(row.indexOf(' ') + 1))
      const matcher = compile(patterns)
      const references = patterns.map((pattern) => match<ParamData>(pattern))
      for (const path of patterns.flatMap(pathsOf)) {
        const actual = matcher.select(path, 'GET').found.map((found) => [found.layer.path, found.params()])
        expect(actual, path).to.deep.equal(takenBy(patterns, references, path))
      }
    })
  }

  it('gives a name that comes twice its later value', () => {
    expect(paramsOf('/:a/:a', '/1/2')).to.deep.equal({ a: '2' })
  })

  it('makes a param named __proto__ a param, encoded or not, and pollutes nothing', () => {
    for (const path of ['/x/y', '/x/%79']) {
      const params = paramsOf('/:"__proto__"/:b', path) as object
      expect(Object.entries(params)).to.deep.equal([['__proto__', 'x'], ['b', 'y']])
      expect(Object.getPrototypeOf(params)).to.equal(Object.prototype)
    }
    expect(({} as Record<string, unknown>)['b']).to.equal(undefined)
  })

  it('compares letters as a RegExp with flag i does, beyond ASCII too', () => {
    const takes = (pattern: string, path: string) => compile([pattern]).first(path, 'GET') !== null
    expect([takes('/\u00e9', '/\u00c9'), takes('/\u00b5', '/\u03bc'), takes('/k', '/\u212a'), takes('/s', '/\u017f'), takes('/\u00df', '/SS')]).to.deep.equal([true, true, false, false, false])
  })

  it('tries a param at each place that may be its end, however many layers share it', () => {
    const ends: [string, string[]][] = [
      ['/----', ['/:a-:b']], ['/1-2-3-4', ['/:a-:b', '/:a-:b-:c']], ['/-----x', ['/:a-:b-x', '/:a-:b']],
      ['/1.2-3.4-5', ['/:a-:b', '/:a.:b-:c', '/:a-:b.:c']], ['/1A2a3A4', ['/:"x"a:"y"', '/:"x"a:"y"A:"z"']],
      ['/1-2/3-4-5/', ['/:a-:b/:c-:d-:e', '/:a-:b/*c', '/*a-:b', '/*a/:b-:c', '/:a/:b']], ['/a/b/c/end/', ['/*a/:b/end', '/*a/end', '/*a/:b/:c/end']],
    ]
    for (const [path, patterns] of ends) {
      const references = patterns.map((pattern) => match<ParamData>(pattern))
      const actual = compile(patterns).select(path, 'GET').found.map((found) => [found.layer.path, found.params()])
      expect(actual, path).to.deep.equal(takenBy(patterns, references, path))
    }
  })

  it('adds layers behind those it has matched with', () => {
    const matcher = compile(['/a'])
    expect(matcher.first('/b', 'GET')).to.equal(null)
    matcher.add(new Layer('/:x', ['GET'], () => {}))
    expect(matcher.first('/b', 'GET')?.params).to.deep.equal({ x: 'b' })
  })

  describe('with hostile paths of 100 kB', () => {
    // Patterns that leave a regular expression the most to try.
    const patterns = [
      '/:a', '/:a/:b/:c', '/*p', '/*p/end', '/:a-:b', '/:a-:b.:c', '/*a/x/*b', '/*a/x/*b/y/*c/z', '/*a-:b', '/:a-*b', '/*a-*b-*c', '/*a/:b/:c/:d/end',
      '{/:a}{/:b}{/:c}{/:d}/end', '/*a.:b/*c/z', '/:a--:b', '/*aa/*b', '/*a/*b/*c/z', '/:x.json', '/*a/:b-:c/*d/q', '/:a-:b-:c-:d-end',
      '/:a-:b-:c-:d-:e-:f-:g-:h-end', '/*a-:b-:c-:d-end', '{:a-}{:b-}{:c-}{:d-}end', '/:a-:b/:c-:d/:e-:f/end', '/:a--:b--:c--:d--end', '/:x-a-:y-a-:z-a',
    ]
    const units = ['/', 'a', '-', '/-', 'a/', '/x', '/x/', '/.', '/..', '.', '-.', 'a-', '--', 'a-b.c/', '/x/y/', '/y/x', '%', '%2f', '%zz', '\0', '\u00e9', '\u00c9-', '-a-', 'a--', '-E', '-end']

    for (const pattern of patterns) {
      it(`${pattern} matches in linear time`, () => {
        const matcher = compile([pattern])
        for (const unit of units) {
          const cost = (length: number, bound: number) => least(() => matcher.select(`/${unit.repeat(length / unit.length)}!`, ''), bound)
          // The slowest take 0.6 ms on a quiet machine: `npm run bench:router hostile` compares them with the bar.
          const small = cost(10_000, 4)
          expect(small, `10 kB of ${unit}`).to.be.below(4)
          // Ten times is linear, a hundred times quadratic; a busy machine is slower for one of the two.
          const bound = Math.max(40 * small, 40)
          expect(cost(100_000, bound), unit).to.be.below(bound)
        }
      })
    }
  })
})

/**
 * The least CPU time (ms) of some runs: what else a machine does only adds to it.
 * @param enough - a run that takes less shows what is to be shown, and is the last after four; 30 are the most
 */
function least(work: () => unknown, enough: number): number {
  let time = Infinity
  for (let run = 0; run < 4 || (time >= enough && run < 30); run++) {
    const begin = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(begin)
    time = Math.min(time, (user + system) / 1000)
  }
  return time
}

/** Paths that a pattern takes, and some that it nearly takes. */
function pathsOf(pattern: string): string[] {
  const fill = (text: string, param: string, rest: string) => text.replaceAll(/:\w+/g, param).replaceAll(/\*\w+/g, rest)
  const full = pattern.replaceAll(/[{}]/g, '')
  const bare = pattern.replaceAll(/\{[^}]*\}/g, '')
  return [fill(full, 'x', 'a/b'), fill(bare, 'latest', 'a'), fill(full, 'v1-2.x', 'a/healthz'), `${fill(full, '1', 'z')}/`, `${fill(bare, 'X', 'y')}/more`, fill(full, '%20', 'a%2Fb/c').toUpperCase()]
}

function takenBy(patterns: readonly string[], references: readonly MatchFunction<ParamData>[], path: string): unknown[] {
  return references.flatMap((reference, index) => {
    const taken = reference(path)
    return taken === false ? [] : [[patterns[index], { ...taken.params }]]
  })
}
