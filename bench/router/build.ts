import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { median } from '../statistics'
import { routers } from './routers'
import { type Row } from './table'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** CPU ms to fill a router with a table, its first match included, and the bytes that a route then holds. */
export async function build(name: string, rows: readonly Row[], rounds: number): Promise<{ ms: number; bytes: number }> {
  const times: number[] = []
  const sizes: number[] = []
  const kept: unknown[] = [] // a router that is collected during the next round would count against it
  for (let round = 0; round < rounds; round++) {
    collect()
    const before = process.memoryUsage().heapUsed
    const begin = process.cpuUsage()
    const router = await routers[name]?.(rows)
    router?.find('GET', '/')
    const { user, system } = process.cpuUsage(begin)
    kept.push(router)
    collect()
    times.push((user + system) / 1000)
    sizes.push((process.memoryUsage().heapUsed - before) / rows.length)
  }
  return { ms: median(times), bytes: kept.length === rounds ? median(sizes) : NaN }
}
