/**
 * Moments and waits of a stop: ms of `performance.now()`, so that a clock that is set meanwhile moves nothing.
 * Timers are referenced: a stop must not end because nothing else holds the process.
 * All are taken as this module loads: what a test, or a library, puts in their place later does not move a stop.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = globalThis
export const { nextTick } = process
export const now = performance.now.bind(performance)

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
