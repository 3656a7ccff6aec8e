import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { type Child, cpuTime, end, start } from '../child'
import { burst } from '../load'
import { type Workload } from './workloads'

/** Before those that count: 20,000 requests, for the counted instructions are those of warm code, too. */
const WARM_UP = 5
const ROUNDS = 15
const CLIENTS = 16
const REQUESTS = 4_000

export interface Times {
  /** CPU µs a request, a round each. */
  cpu: number[]
  /** Requests a second, a round each. */
  rate: number[]
}

/** All servers run at once, each in turn is loaded, round after round, so that the machine's moods meet all of them. */
export async function measureCpu(servers: ReadonlyMap<string, { file: string; args: string[] }>, workload: Workload): Promise<Map<string, Times>> {
  const children = new Map<string, Child>()
  try {
    const under = apart() ? ['taskset', '-c', '0'] : []
    for (const [name, { file, args }] of servers) children.set(name, await start(file, { args, under }))
    const times = new Map<string, Times>([...servers.keys()].map((name) => [name, { cpu: [], rate: [] }]))
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      for (const [name, child] of children) {
        const before = await cpuTime(child)
        const began = performance.now()
        await burst(child.port, CLIENTS, REQUESTS, workload.request, workload.expected)
        const seconds = (performance.now() - began) / 1_000
        const used = (await cpuTime(child)) - before
        if (round < 0) continue
        times.get(name)?.cpu.push(used / REQUESTS)
        times.get(name)?.rate.push(REQUESTS / seconds)
      }
    }
    return times
  } finally {
    for (const child of children.values()) await end(child)
  }
}

let pinned: boolean | undefined

/** Puts this process, the load, on the second core, where taskset is; the servers then go to the first. */
function apart(): boolean {
  if (pinned !== undefined) return pinned
  try {
    if (availableParallelism() < 2) throw new RangeError('one core')
    execFileSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)], { stdio: 'ignore' })
    pinned = true
  } catch {
    pinned = false
  }
  console.log(pinned ? 'Servers on core 0, load on core 1' : 'Servers and load share the cores: no second one, or no taskset')
  return pinned
}
