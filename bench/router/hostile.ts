import { Router } from '@ebbjs/router'

const PATTERNS = [
  '/:a', '/:a/:b/:c', '/*p', '/*p/end', '/:a-:b', '/:a-:b.:c', '/*a/x/*b/y/*c/z', '/*a-*b-*c', '/*a/:b/:c/:d/end', '{/:a}{/:b}{/:c}{/:d}/end', '/*a.:b/*c/z',
  '/:a-:b-:c-:d-end', '/:a--:b--:c--:d--end', '/:x-a-:y-a-:z-a', '/*a--:b--:c--end', '/*a--*b--*c--end', '/:a-:b--:c-:d--end', '/:a--:b-:c--:d-end',
]
const UNITS = ['/', 'a', '-', '/-', 'a/', '/x', '/x/', '.', '-.', 'a-', '--', 'a-b.c/', '/x/y/', '\u00c9-', '-a-', 'a--', '--a', '-E', '-end', '-x-']

/** The slowest match of each pattern over paths that repeat a unit, the slowest first: ms, the least of several runs. */
export function hostile(): { pattern: string; unit: string; small: number; large: number }[] {
  const rows = PATTERNS.map((pattern) => {
    const router = new Router()
    router.get(pattern, () => {})
    const cost = (unit: string, length: number) => least(() => router.find('GET', `/${unit.repeat(length / unit.length)}!`))
    const costs = UNITS.map((unit) => ({ pattern, unit, small: cost(unit, 10_000) }))
    const slowest = costs.reduce((worst, other) => (other.small > worst.small ? other : worst))
    return { ...slowest, large: cost(slowest.unit, 100_000) }
  })
  return rows.sort((a, b) => b.small - a.small)
}

function least(work: () => unknown): number {
  let best = Infinity
  for (let run = 0; run < 20; run++) {
    const begin = performance.now()
    work()
    best = Math.min(best, performance.now() - begin)
  }
  return best
}
