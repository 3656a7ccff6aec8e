/**
 * The clock and timers of what must not stand still: a stop, connections that are idle, what a response holds.
 * As they are when this module is loaded, and `now` in ms of a clock that nobody sets: neither a jump of the wall clock
 * nor mocks of timers in somebody's test (node:test, sinon) reach them.
 */
export const now = performance.now.bind(performance)
export const { setTimeout, clearTimeout, setImmediate } = globalThis
export const { nextTick } = process

/** A moment to come, by the clock that nobody sets, and as the wall clock told it when it was made (ms since the epoch). */
export interface Moment {
  readonly at: number
  readonly told: number
}

/** The wall clock was set if it has moved by this much (ms) against the other; less is the rounding of its ms. */
const WAS_SET = 5

/** @param told - ms since the epoch */
export function momentOf(told: number): Moment {
  return { at: now() + (told - Date.now()), told }
}

/** @returns ms since the epoch, by the wall clock as it is set now: what is left until then is right */
export function shown({ at, told }: Moment): number {
  const moment = Date.now() + (at - now())
  return Math.abs(moment - told) < WAS_SET ? told : Math.round(moment)
}
