import { once } from 'node:events'
import { end, start } from '../child'
import { closedLoop } from '../load'
import { summary } from '../statistics'

const SERVERS = { ebb: 'Ebb, default options', bare: 'node:http, server.close()', 'http-terminator': 'http-terminator' }
const STOPS = 10
const CLIENTS = 64
/** A server that has not ended this long (ms) after SIGTERM counts as hanging, and is killed. */
const PATIENCE = 3_000
const PATH = '/users/42'

/** Requests lost when SIGTERM meets keep-alive clients that send without a pause. */
export async function lost(): Promise<void> {
  const results = new Map(Object.keys(SERVERS).map((name) => [name, { lost: [] as number[], reset: [] as number[], exit: [] as number[], hung: 0 }]))
  for (let stop = 0; stop < STOPS; stop++) {
    for (const [name, result] of results) {
      const { lost, reset, exit } = await stopUnderLoad(name)
      result.lost.push(lost)
      result.reset.push(reset)
      if (exit === undefined) result.hung++
      else result.exit.push(exit)
    }
  }
  console.log(`\nSIGTERM under ${CLIENTS} keep-alive clients in a closed loop, ${STOPS} interleaved stops each, median (spread)\n`)
  console.log('| server | requests lost in all | a stop | new connections reset | SIGTERM to exit, ms | hung |\n|---|---|---|---|---|---|')
  for (const [name, { lost, reset, exit, hung }] of results) {
    const total = lost.reduce((sum, count) => sum + count, 0)
    console.log(
      `| ${SERVERS[name as keyof typeof SERVERS]} | ${total} | ${summary(lost, 0)} | ${summary(reset, 0)} | ` +
        `${exit.length > 0 ? summary(exit, 0) : '-'} | ${hung} of ${STOPS} |`,
    )
  }
}

/** What a hanging server loses when it is killed is counted too: its supervisor would do the same. */
async function stopUnderLoad(name: string): Promise<{ lost: number; reset: number; exit: number | undefined }> {
  const child = await start(`servers/${name}`)
  try {
    const load = closedLoop(child.port, CLIENTS, PATH)
    while (load.seen.answered < CLIENTS * 50) await new Promise((resolve) => setTimeout(resolve, 10))
    const exited = once(child.process, 'exit').then(() => performance.now())
    const signalled = performance.now()
    child.process.kill('SIGTERM')
    const impatient = setTimeout(() => child.process.kill('SIGKILL'), PATIENCE)
    const exit = (await exited) - signalled
    clearTimeout(impatient)
    await load.stop()
    return { ...load.seen, exit: exit < PATIENCE ? exit : undefined }
  } finally {
    await end(child)
  }
}
