import { Router } from '@ebbjs/router'

const PATTERNS = [
  '/:a', '/:a/:b/:c', '/*p', '/*p/end', '/:a-:b', '/:a-:b.:c', '/*a/x/*b/y/*c/z', '/*a-*b-*c', '/*a/:b/:c/:d/end', '{/:a}{/:b}{/:c}{/:d}/end', '/*a.:b/*c/z',
  '/:a-:b-:c-:d-end', '/:a--:b--:c--:d--end', '/:x-a-:y-a-:z-a', '/*a--:b--:c--end', '/*a--*b--*c--end', '/:a-:b--:c-:d--end', '/:a--:b-:c--:d-end', '/:a-:b.:c-:d.:e',
  // Routes that part one segment, or one path, in different ways.
  '/:a-:b /:a.:b-:c /:a-:b.:c', '/:a-:b /:a--:b /:a-a-:b', '/:a-:b.:c /:a.:b-:c /:a-:b--:c-:d--end', '/:a-:b--:c /:a--:b-:c /:a.:b--:c /:a-:b.:c--:d', '/*a-:b /*a.:b /*a/x /*a/:b',
]
const UNITS = ['/', 'a', '-', '/-', 'a/', '/x', '/x/', '.', '-.', 'a-', '--', 'a-b.c/', '/x/y/', '\u00c9-', '-a-', 'a--', '--a', '-E', '-end', '-x-', '-.', '.-.', 'a-b.c-', 'a.b--c-']
/** What a path ends with: nothing that a pattern ends with, or nearly that. */
const ENDS = ['!', '-end', '--end', '/end', '-a', '.x', '!--.-']

/** The slowest match of each pattern, or of several in one table, over paths that repeat a unit, the slowest first: ms, the least of several runs. */
export function hostile(): { pattern: string; unit: string; small: number; large: number }[] {
  const rows = PATTERNS.map((pattern) => {
    const router = new Router()
    for (const path of pattern.split(' ')) router.get(path, () => {})
    const cost = (unit: string, end: string, length: number) => least(() => router.match(`/${unit.repeat(length / unit.length)}${end}`, 'GET'))
    const costs = UNITS.flatMap((unit) => ENDS.map((end) => ({ pattern, unit: `${unit}…${end}`, small: cost(unit, end, 10_000), large: () => cost(unit, end, 100_000) })))
    const slowest = costs.reduce((worst, other) => (other.small > worst.small ? other : worst))
    return { ...slowest, large: slowest.large() }
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
