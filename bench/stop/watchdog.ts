import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { gracefulShutdown } from '@ebbjs/shutdown'
import { printMachine } from '../machine'
import { summary } from '../statistics'

/** How often each is measured, in turn. */
const ROUNDS = 15
/** How long (ms) each stop lasts. */
const LASTS = 500

/** What a stop of a server without traffic costs: CPU ms of all its threads, and MB. */
interface Cost {
  cpu: number
  mb: number
}

/** `watchdog.ts`: what a stop costs that ends its process, with its watchdog, beside one by hand, which has none. */
async function run(): Promise<void> {
  printMachine()
  const costs: Record<string, Cost[]> = { 'by SIGTERM': [], 'by hand': [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [how, seen] of Object.entries(costs)) {
      const child = fork(__filename, [how], { execArgv: ['-r', join(__dirname, '../transpile.cjs')], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      const [[cost]] = (await Promise.all([once(child, 'message'), once(child, 'exit')])) as [[Cost], unknown]
      seen.push(cost)
    }
  }
  console.log('| a stop | CPU, ms | memory, MB |\n|---|---|---|')
  for (const [how, seen] of Object.entries(costs)) {
    console.log(`| ${how} | ${summary(seen.map(({ cpu }) => cpu), 1)} | ${summary(seen.map(({ mb }) => mb), 1)} |`)
  }
}

function stopped(how: string): void {
  const shutdown = gracefulShutdown(createServer(), { logger: false })
  const [cpu, memory] = [process.cpuUsage(), process.memoryUsage.rss()]
  shutdown.onCleanup('lasts', () => new Promise((resolve) => setTimeout(resolve, LASTS)))
  shutdown.onExit('tell', () => {
    const { user, system } = process.cpuUsage(cpu)
    process.send?.({ cpu: (user + system) / 1_000, mb: (process.memoryUsage.rss() - memory) / 2 ** 20 } satisfies Cost)
    if (how === 'by hand') process.disconnect()
  })
  if (how === 'by SIGTERM') process.kill(process.pid, 'SIGTERM')
  else void shutdown.stop()
}

if (process.argv[2] === undefined) void run()
else stopped(process.argv[2])
