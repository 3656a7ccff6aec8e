import { clearImmediate, clearTimeout, now, setImmediate, setTimeout } from './clock'

/** How many a turn of the event loop sees to. */
const BATCH = 200

/**
 * Lets many wait equally long, by one timer: with a Timeout and a closure for each of 10,000 idle connections, a stop
 * spends a fifth of its time on them and their garbage. Those that are due together are seen to some at a turn, so that
 * the event loop hears from the others in between.
 */
export class Countdown<T> {
  readonly #ms: number
  readonly #callback: (item: T) => void
  /** The moment (ms of the clock) when each is due, in this order. */
  readonly #due = new Map<T, number>()
  #timer: NodeJS.Timeout | undefined = undefined
  #seeing = false

  /** @param callback - called with each item `ms` after its start, unless that was cancelled */
  constructor(ms: number, callback: (item: T) => void) {
    this.#ms = ms
    this.#callback = callback
  }

  /** Starts an item's wait, anew if it waits already. */
  start(item: T): void {
    this.#due.delete(item)
    this.#due.set(item, now() + this.#ms)
    if (this.#timer === undefined && !this.#seeing) this.#wait(this.#ms)
  }

  cancel(item: T): void {
    if (!this.#due.delete(item) || this.#due.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#seeing = true
      setImmediate(this.#see) // bytes that the loop has polled already are read first
    }, ms)
  }

  readonly #see = (): void => {
    const again = setImmediate(this.#see) // also if a callback throws
    const at = now()
    let seen = 0
    for (const [item, due] of this.#due) {
      if (due > at) {
        this.#wait(due - at)
        break
      }
      if (seen++ === BATCH) return
      this.#due.delete(item)
      this.#callback(item)
    }
    clearImmediate(again)
    this.#seeing = false
  }
}
