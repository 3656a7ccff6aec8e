import { setMaxListeners } from 'node:events'
import { inspect } from 'node:util'
import { type Log } from './log'
import { messageOf } from './thrown'

/** Work that goes on until the server drains: told by one signal, then awaited. */
export class Loops {
  readonly #controller = new AbortController()
  readonly #running = new Map<Promise<void>, string>()
  readonly #log: Log
  /** One of them has failed. */
  failed = false

  constructor(log: Log) {
    this.#log = log
    setMaxListeners(0, this.#controller.signal)
  }

  /** What they are told by. */
  get stopping(): AbortSignal {
    return this.#controller.signal
  }

  /** @throws TypeError that names what, value and rule */
  run(name: string, fn: (stopping: AbortSignal) => unknown): void {
    if (typeof name !== 'string' || name === '') throw new TypeError(`Cannot run a loop named ${inspect(name)}: its name must be a string, and not empty`)
    if (typeof fn !== 'function') throw new TypeError(`Cannot run loop '${name}' with ${inspect(fn)}: it must be a function of an AbortSignal`)
    const { signal } = this.#controller
    const running = (async () => void (await fn(signal)))()
      .catch((error: unknown) => {
        if (signal.aborted && (error === signal.reason || (error as Error | undefined)?.name === 'AbortError')) return
        this.failed = true
        this.#log.error(`loop '${name}' failed: ${messageOf(error)}`, { err: error })
      })
      .finally(() => this.#running.delete(running))
    this.#running.set(running, name)
  }

  stop(reason: Error): void {
    this.#controller.abort(reason)
  }

  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.keys())
  }

  /** The names of those still running. */
  get names(): string[] {
    return [...this.#running.values()]
  }
}
