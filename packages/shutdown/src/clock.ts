/**
 * Moments and waits of a stop. All of it is taken when this file is loaded: fake timers of a test (node:test, sinon) or a
 * clock that is set meanwhile move nothing. Moments are ms of the monotonic clock.
 * Timers are referenced: a stop must not end because nothing else holds the process.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = globalThis
export const { nextTick } = process
export const now: () => number = performance.now.bind(performance)
/** Nanoseconds of the same clock as all threads of the process have it. */
export const { bigint: hrtime } = process.hrtime

/** A timer cannot wait longer (ms; Node lib/internal/timers.js, TIMEOUT_MAX): Node makes 1 ms of what is above. */
export const LONGEST = 2 ** 31 - 1

/** A moment, or what says where it is by now: `extend()` moves the moments of a stop. */
export type Moment = number | (() => number)

/** Where a moment is by now. */
export const at = (moment: Moment): number => (typeof moment === 'number' ? moment : moment())

/** @returns whether `work` settled before `moment`; what it settled with is the caller's to look at */
export async function settledBy(work: Promise<unknown>, moment: Moment): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    const wait = (): void => {
      const left = at(moment) - now()
      if (left <= 0 && timer !== undefined) resolve(false)
      else timer = setTimeout(wait, Math.min(Math.max(0, left), LONGEST))
    }
    wait()
  })
  try {
    return await Promise.race([work.then(() => true, () => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves at `moment`. */
export async function until(moment: Moment): Promise<void> {
  while (at(moment) > now()) await new Promise((resolve) => setTimeout(resolve, Math.min(at(moment) - now(), LONGEST)))
}

/** Resolves after one turn of the event loop, with its poll for new connections and data. */
export function loopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
