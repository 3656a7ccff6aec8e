import { type Child, cpuTime, end, start } from './child'
import { burst } from './load'
import { median, summary } from './statistics'

/** Servers below bench/servers with their arguments, and what the table calls them. */
const SERVERS: Record<string, { args?: string[]; title: string }> = {
  bare: { title: 'bare node:http' },
  ebb: { title: 'Ebb: App, Router, gracefulShutdown' },
  'ebb alone': { args: ['alone'], title: 'Ebb: App, Router' },
  koa: { title: 'koa 3 + @koa/router' },
}
const ROUNDS = 9
const CLIENTS = 16
const REQUESTS = 10_000
const REQUEST = 'GET /users/42 HTTP/1.1\r\nHost: localhost\r\n\r\n'
const EXPECTED = '{"id":"42","name":"Ada","roles":["admin","author"]}'

/**
 * CPU time a request: a JSON answer with one param in a table of 50 routes. All servers run at once, each in turn is
 * loaded with the same number of requests, round after round, so that the machine's moods meet all of them.
 */
export async function cpu(): Promise<void> {
  const children = new Map<string, Child>()
  try {
    for (const [name, { args = [] }] of Object.entries(SERVERS)) children.set(name, await start(`servers/${name.split(' ')[0]}`, { args }))
    const times = new Map<string, number[]>(Object.keys(SERVERS).map((name) => [name, []]))
    for (let round = -2; round < ROUNDS; round++) {
      for (const [name, child] of children) {
        const before = await cpuTime(child)
        await burst(child.port, CLIENTS, REQUESTS, REQUEST, EXPECTED)
        if (round >= 0) times.get(name)?.push(((await cpuTime(child)) - before) / REQUESTS)
      }
    }
    console.log(`\nCPU a request: JSON, one param in 50 routes; ${ROUNDS} interleaved rounds of ${REQUESTS} requests, median (spread)\n`)
    console.log('| server | µs | ratio to bare node:http |\n|---|---|---|')
    const bare = times.get('bare') as number[]
    for (const [name, values] of times) {
      const ratios = values.map((value, round) => value / (bare[round] as number))
      console.log(`| ${SERVERS[name]?.title} | ${summary(values, 1)} | ${median(ratios).toFixed(2)} |`)
    }
  } finally {
    for (const child of children.values()) await end(child)
  }
}
