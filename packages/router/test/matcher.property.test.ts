import { expect } from 'chai'
import fc from 'fast-check'
import { match, type MatchFunction, type ParamData } from 'path-to-regexp'
import { Layer, type LayerOptions } from '../src/layer'
import { type Match, Matcher } from '../src/matcher'

const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
const TABLES = Number(process.env['FC_RUNS'] ?? 3_000)
const LAYERS = 7
const PATHS = 16

// Few and colliding texts, so that random paths come close to random patterns.
const text = fc.constantFrom('/', '/', '/', '/a', '/b/', 'a', 'b', 'ab', 'aa', 'A', '-', '--', '.', '.a', '/a/', 'a/b', '//', 'é', 'É', '%20', '\\:', '\\{a', 'µ', '😀')
const name = fc.constantFrom('x', 'y', 'z', '"q r"', '__proto__')
const capture = fc.tuple(fc.constantFrom(':', ':', '*'), name).map(([sigil, key]) => (key.startsWith('"') ? `${sigil}${key}` : `${sigil}"${key}"`))
const { pattern } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
  part: fc.oneof(
    { weight: 5, arbitrary: text },
    { weight: 4, arbitrary: capture },
    { weight: 2, arbitrary: fc.tuple(text, capture).map((both) => both.join('')) },
    { weight: 2, arbitrary: tie('pattern').map((inner) => `{${inner}}`) },
  ),
  pattern: fc.array(tie('part'), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')),
}))
const options = fc.record({ sensitive: fc.boolean(), end: fc.boolean(), trailing: fc.boolean() })
const table = fc.array(fc.tuple(fc.tuple(pattern, fc.boolean()).map(([path, bare]) => (bare || path.startsWith('/') ? path : `/${path}`)), options), { minLength: 1, maxLength: LAYERS })
const value = fc.array(fc.constantFrom('a', 'b', 'ab', 'A', '-', '--', '.', '/', '//', '%2F', '%', '%zz', '+', 'é', 'É', 'µ', 'μ', ':', '😀', '\u212a', ' ', 'a'.repeat(25), '-a'.repeat(13)), { minLength: 0, maxLength: 4 }).map((parts) => parts.join(''))
const paths = fc.array(fc.tuple(fc.nat(), fc.array(value, { minLength: 8, maxLength: 8 }), fc.boolean()), { minLength: PATHS, maxLength: PATHS })

/** What one layer makes of one path: false, its params as entries, or that they cannot be decoded. */
type Verdict = false | [string, unknown][] | 'bad encoding'

function verdict(ask: () => ParamData | false): Verdict {
  try {
    const params = ask()
    return params === false ? false : Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1))
  } catch (error) {
    if (error instanceof URIError) return 'bad encoding'
    throw error
  }
}

/** A path that `pattern` may take: captures and groups replaced by values. */
function instance(path: string, values: readonly string[]): string {
  let index = 0
  return path
    .replaceAll(/[:*]"[^"]*"/g, () => values[index++ % values.length] as string)
    .replaceAll(/\{[^{}]*\}/g, (group) => ((values[index++ % values.length] as string).length > 1 ? '' : group))
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll(/[{}]/g, '')
}

describe('Matcher, against path-to-regexp', () => {
  it(`takes the same paths by the same layers with the same params, in random tables (seed ${SEED})`, function () {
    this.timeout(120_000)
    let comparisons = 0
    let matches = 0
    const check = fc.property(table, paths, (rows, seeds) => {
      const matcher = new Matcher()
      const layers: Layer[] = []
      const references: MatchFunction<ParamData>[] = []
      for (const [path, opts] of rows) {
        const reference = legal(() => match<ParamData>(path, opts))
        const layer = legal(() => new Layer(path, ['GET'], () => {}, opts satisfies LayerOptions))
        expect(typeof layer === 'string' ? layer : '', path).to.equal(typeof reference === 'string' ? reference : '')
        if (typeof layer === 'string' || typeof reference === 'string') continue
        matcher.add(layer)
        layers.push(layer)
        references.push(reference)
      }
      for (const [which, values, raw] of seeds) {
        const path = raw ? `${values[3]?.length === 1 ? '' : '/'}${values.slice(0, 3).join('')}` : instance(rows[which % rows.length]?.[0] ?? '/', values)
        const { found } = matcher.select(path, 'GET')
        const byLayer = new Map(found.map((one) => [one.layer, one]))
        const verdicts = references.map((reference, index) => {
          const expected = verdict(() => {
            const result = reference(path)
            return result === false ? false : result.params
          })
          const one = byLayer.get(layers[index] as Layer)
          const actual = verdict(() => (one === undefined ? false : one.params()))
          comparisons++
          if (expected !== false) matches++
          expect(actual, `${JSON.stringify(rows)} ${path} layer ${index}`).to.deep.equal(expected)
          if (one !== undefined) expect(one.captures(), path).to.deep.equal((layers[index] as Layer).captures(path))
          return expected
        })
        expect(found.map(({ layer }) => layers.indexOf(layer))).to.deep.equal(verdicts.flatMap((one, index) => (one === false ? [] : [index])))
        expect(firstOf(() => matcher.first(path, 'GET'))).to.deep.equal(firstOf(() => (found[0] === undefined ? null : { route: found[0].layer, params: found[0].params() })))
      }
    })
    fc.assert(check, { seed: SEED, numRuns: TABLES })
    console.log(`      ${comparisons} comparisons, ${matches} matches, seed ${SEED}`)
    if (TABLES >= 3_000) expect(comparisons).to.be.at.least(100_000)
  })
})

function firstOf(find: () => Match | null): unknown {
  try {
    const match = find()
    return match === null ? null : [match.route, match.params]
  } catch (error) {
    return (error as Error).message
  }
}

function legal<T>(make: () => T): T | string {
  try {
    return make()
  } catch (error) {
    return (error as Error).message
  }
}
