import { median } from '../statistics'
import { routers, type Filled } from './routers'
import { type Ask, type Row } from './table'

const ROUNDS = 9
/** How long one router runs in a round (ms). */
const SLICE = 12
/** The same path in many strings, as requests bring it: a router may not know it by its address. */
const COPIES = 64

export interface Figures {
  /** Median ns a match by router and case; undefined where the router cannot hold the table or answers wrongly. */
  [router: string]: Record<string, number>
}

/** Match costs over one table: interleaved rounds, medians. Routers that answer wrongly are left out of a case. */
export async function nanoseconds(rows: readonly Row[], asks: Readonly<Record<string, Ask>>): Promise<Figures> {
  const filled: Record<string, Filled> = {}
  for (const [name, fill] of Object.entries(routers)) {
    try {
      filled[name] = await fill(rows)
      filled[name].find('GET', '/') // hono's RegExpRouter builds, and may refuse, at the first match
    } catch {
      delete filled[name]
    }
  }

  const figures: Figures = Object.fromEntries(Object.keys(filled).map((name) => [name, {}]))
  for (const [kind, { method, path, expected }] of Object.entries(asks)) {
    const right = Object.entries(filled).filter(([, router]) => router.pattern(method, path) === expected)
    const paths = Array.from({ length: COPIES }, () => Buffer.from(path).toString('latin1'))
    const rounds = new Map(right.map(([name]) => [name, [] as number[]]))
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, router] of right) rounds.get(name)?.push(slice(router, method, paths))
    }
    for (const [name, costs] of rounds) (figures[name] as Record<string, number>)[kind] = median(costs)
  }
  return figures
}

/** ns a match over one slice of time. */
function slice({ find }: Filled, method: string, paths: readonly string[]): number {
  let count = 0
  const begin = performance.now()
  let passed = 0
  while (passed < SLICE) {
    for (const path of paths) find(method, path)
    count += paths.length
    passed = performance.now() - begin
  }
  return (passed * 1e6) / count
}
