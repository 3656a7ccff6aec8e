import { type Child, cpuTime, end, start } from '../child'
import { burst } from '../load'
import { median } from '../statistics'
import { type Workload } from './workloads'

const ROUNDS = 7
const CLIENTS = 16
const REQUESTS = 4_000

/** CPU µs a request of each server: all run at once, each in turn is loaded, round after round; medians. */
export async function measureCpu(servers: ReadonlyMap<string, { file: string; args: string[] }>, workload: Workload): Promise<Map<string, number>> {
  const children = new Map<string, Child>()
  try {
    for (const [name, { file, args }] of servers) children.set(name, await start(file, { args }))
    const times = new Map<string, number[]>([...servers.keys()].map((name) => [name, []]))
    for (let round = -2; round < ROUNDS; round++) {
      for (const [name, child] of children) {
        const before = await cpuTime(child)
        await burst(child.port, CLIENTS, REQUESTS, workload.request, workload.expected)
        if (round >= 0) times.get(name)?.push(((await cpuTime(child)) - before) / REQUESTS)
      }
    }
    return new Map([...times].map(([name, values]) => [name, median(values)]))
  } finally {
    for (const child of children.values()) await end(child)
  }
}
