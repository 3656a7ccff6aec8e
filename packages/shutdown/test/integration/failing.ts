import { once } from 'node:events'
import fc from 'fast-check'
import { Child } from '../child'
import { Client } from '../client'

/** The whole stop (ms). */
export const TIMEOUT = 3_000
/** What a loaded machine may add to it (ms) is no matter of the product. */
export const ROOM = 2_000

/** What fails, and how the process ends: in order with a code, or by its watchdog. */
export const ways: [way: string, end: 0 | 1 | 'SIGKILL'][] = [
  ['nothing else', 0],
  ['output of the program', 0],
  ['a logger that throws', 0],
  ['a logger that throws null', 0],
  ['a logger that rejects', 0],
  ['a logger that fails later', 1],
  ['a logger that stops', 0],
  ['a storm of uncaught exceptions', 1],
  ['a storm of unhandled rejections', 1],
  ['hooks that throw', 1],
  ['hooks that never settle', 1],
  ['a hook that registers itself', 1],
  ['a hook that blocks the loop', 'SIGKILL'],
  ['a handler that blocks the loop', 'SIGKILL'],
  ['endless ticks', 'SIGKILL'],
  ['subscribers that throw', 0],
  ['a supervisor that cannot be told', 0],
  ['an IPC channel that is gone', 0],
  ['a loop and a start-up that ignore the stop', 1],
  ['stop within the stop', 1],
  ['a clock that jumps and timers that stand still', 0],
]

/** A process of its own that is told to stop while things fail in it; times are ms. */
export interface ProcessSchedule {
  ways: string[]
  closed: boolean
  signals: { signal: 'SIGTERM' | 'SIGINT'; after: number }[]
}

export const processSchedules: fc.Arbitrary<ProcessSchedule> = fc.record({
  ways: fc.uniqueArray(fc.constantFrom(...ways.map(([way]) => way)), { maxLength: 4 }).map(withOneLogger),
  closed: fc.boolean(),
  signals: fc.array(fc.record({ signal: fc.constantFrom('SIGTERM', 'SIGTERM', 'SIGINT'), after: fc.integer({ min: 0, max: 500 }) }), { minLength: 1, maxLength: 4 }),
})

function withOneLogger(drawn: string[]): string[] {
  const logger = drawn.find((way) => way.startsWith('a logger'))
  return drawn.filter((way) => way === logger || !way.startsWith('a logger'))
}

/** Later than this (ms) after the first, a SIGINT forces the exit. */
const ONE_SIGNAL = 250

/** Runs a schedule, and says which promises were broken. */
export async function brokenInProcess({ ways: drawn, closed, signals }: ProcessSchedule): Promise<string[]> {
  const child = Child.start('failing.ts', { ways: drawn, timeout: TIMEOUT })
  const [{ port }] = (await once(child.process, 'message')) as [{ port: number }]
  if (closed) for (const stream of [child.process.stdout, child.process.stderr]) stream?.destroy()
  const client = (await Client.connect(port)).get('/slow')
  await once(child.process, 'message')
  const told = performance.now()
  let forced = false
  for (const { signal, after } of signals) {
    await new Promise((resolve) => setTimeout(resolve, performance.now() === told ? 0 : after))
    forced ||= signal === 'SIGINT' && performance.now() - told > ONE_SIGNAL - 50
    child.kill(signal)
  }
  const answer = await client.answer().catch(() => undefined)
  const { code, signal } = await child.exit
  const took = performance.now() - told
  const name = JSON.stringify({ drawn, closed, signals })
  const broken: string[] = []
  if (took > TIMEOUT + ROOM) broken.push(`${name} took ${took} ms`)
  if (!forced && answer?.body !== 'whole') broken.push(`${name} lost its request`)
  const fine = drawn.every((way) => ways.some(([one, end]) => one === way && end === 0))
  if (!forced && fine !== (code === 0)) broken.push(`${name} ended with ${signal ?? code}`)
  return broken
}
