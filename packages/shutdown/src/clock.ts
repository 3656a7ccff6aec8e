/**
 * Moments and waits of a stop: ms of `performance.now()`, so that a clock that is set meanwhile moves nothing.
 * Timers are referenced: a stop must not end because nothing else holds the process.
 */
export const now = performance.now.bind(performance)

/** Node's own, taken as this file is loaded: those that a test has put in their place since move no stop. */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = globalThis
export const { nextTick } = process

/** @returns whether `work` settled before the moment `at`; what it settled with is the caller's to look at */
export async function settledBy(work: Promise<unknown>, at: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, at - now()), false)
  })
  try {
    return await Promise.race([work.then(() => true, () => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves at the moment `at`. */
export async function until(at: number): Promise<void> {
  if (at > now()) await new Promise((resolve) => setTimeout(resolve, at - now()))
}

/** Resolves after one turn of the event loop, with its poll for new connections and data. */
export function loopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
