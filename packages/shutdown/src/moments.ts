import { now } from './clock'
import { type Settings } from './options'

/** What the report and the exit themselves take at most (ms), and the share of `timeout` that is. */
const LAST = 100
const LAST_SHARE = 1 / 50
/** The share of `cleanupTimeout` that is kept back for exit hooks, where there are some. */
const EXIT_HOOKS_SHARE = 1 / 5

/** The moments of one stop, in ms of `now()`. Read them when they are needed: `extend` moves those that are to come. */
export class Moments {
  readonly started = now()
  /** When the listeners were closed. */
  drained = Infinity
  readonly #settings: Settings
  readonly #hasExitHooks: () => boolean
  #extension = 0

  constructor(settings: Settings, hasExitHooks: () => boolean) {
    this.#settings = settings
    this.#hasExitHooks = hasExitHooks
  }

  /** What is left is told to stop. */
  get abort(): number {
    return Math.min(this.drained + this.#settings.abortAfter + this.#extension, this.cut)
  }

  /** The same in ms since the epoch. */
  get abortByTheClock(): number {
    return Date.now() + (this.abort - now())
  }

  /** What is left is ended. */
  get cut(): number {
    return this.end - this.#settings.cleanupTimeout
  }

  /** The report is made, and exit hooks begin. */
  get report(): number {
    return Math.min(this.exit, this.#hasExitHooks() ? this.end - this.#settings.cleanupTimeout * EXIT_HOOKS_SHARE : Infinity)
  }

  /** Nothing of the user's is waited for any more. */
  get exit(): number {
    return this.end - Math.min(LAST, this.#settings.timeout * LAST_SHARE)
  }

  /** The process ends, whatever is left. */
  get end(): number {
    return this.started + this.#settings.timeout + this.#extension
  }

  extend(ms: number): void {
    this.#extension += ms
  }
}
