import { once } from 'node:events'
import { end, start } from '../child'
import { closedLoop, type LoadOptions } from '../load'

/** A server that has not ended this long (ms) after SIGTERM counts as hanging, and is killed. */
const PATIENCE = 8_000
/** Requests answered before the signal. */
const BEFORE = 2_000

/** One stop: requests lost, new connections reset, requests refused with a 5xx, and ms to the exit unless it hung. */
export interface Stopped {
  lost: number
  reset: number
  refused: number
  exit: number | undefined
}

/** SIGTERM while clients send. What a hanging server loses when it is killed counts: its supervisor would do the same. */
export async function stopUnderLoad(peer: string, options: LoadOptions): Promise<Stopped> {
  const child = await start(`stop/servers/${peer}`)
  try {
    const load = closedLoop(child.port, '/users/42', options)
    await load.answered(BEFORE)
    const exited = once(child.process, 'exit').then(() => performance.now())
    const signalled = performance.now()
    child.process.kill('SIGTERM')
    const impatient = setTimeout(() => child.process.kill('SIGKILL'), PATIENCE)
    const exit = (await exited) - signalled
    clearTimeout(impatient)
    await load.stop()
    const { lost, reset, failed } = load.seen
    return { lost, reset, refused: failed, exit: exit < PATIENCE ? exit : undefined }
  } finally {
    await end(child)
  }
}
