import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { end, start } from '../child'
import { closedLoop, type LoadOptions } from '../load'
import { printMachine } from '../machine'
import { median } from '../statistics'

/** A server that has not ended this long (ms) after SIGTERM counts as hanging, and is killed. */
const PATIENCE = 15_000
const PATHS = ['/json', '/slow', '/big', '/stream']

const LOADS: LoadOptions[] = [
  { clients: 14, think: 15 },
  { clients: 6 },
  { clients: 3, think: 5, connectionPerRequest: true },
]

/** `run.ts [stops=120]`: SIGTERM under steady load with mixed latencies, again and again; exits 1 if a request was lost. */
async function run(): Promise<void> {
  const stops = Number(process.argv[2] ?? 120)
  if (!(stops >= 1)) throw new RangeError(`Cannot make ${process.argv[2]} stops: it must be a number, 1 or more`)
  printMachine()
  const total = { answered: 0, failed: 0, lost: 0, refused: 0, reset: 0, unclean: 0 }
  const exits: number[] = []
  for (let n = 0; n < stops; n++) {
    const child = await start('soak/server')
    try {
      const loads = LOADS.map((options) => closedLoop(child.port, () => PATHS[Math.floor(Math.random() * PATHS.length)] as string, options))
      await delay(150 + Math.random() * 300) // the load is steady, and the stop comes at any moment of it
      const exited = once(child.process, 'exit') as Promise<[number | null]>
      const signalled = performance.now()
      child.process.kill('SIGTERM')
      const impatient = setTimeout(() => child.process.kill('SIGKILL'), PATIENCE)
      const [code] = await exited
      exits.push(performance.now() - signalled)
      clearTimeout(impatient)
      if (code !== 0) total.unclean++
      await Promise.all(loads.map((load) => load.stop()))
      for (const { seen } of loads) for (const what of ['answered', 'failed', 'lost', 'refused', 'reset'] as const) total[what] += seen[what]
    } finally {
      await end(child)
    }
  }
  const { answered, failed, lost, refused, reset, unclean } = total
  console.log(
    `soak: ${lost} lost of ${answered + lost} sent in ${stops} stops, ${refused} connections refused, ${reset} reset, ${failed} answered 5xx, ` +
      `${unclean} unclean; exit after ${median(exits).toFixed(0)} ms, at most ${Math.max(...exits).toFixed(0)} ms`,
  )
  printMachine()
  if (lost + reset + failed + unclean > 0) process.exitCode = 1
}

void run()
