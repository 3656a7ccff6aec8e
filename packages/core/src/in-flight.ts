import { type Context } from './context'

/**
 * The requests in flight: handler still running, response still open, or `waitUntil` pending.
 * A Set that can be waited for; one `add` and one `delete` a request.
 */
export class InFlight extends Set<Context> {
  #waiting: (() => void)[] = []

  override delete(ctx: Context): boolean {
    const deleted = super.delete(ctx)
    if (this.size === 0 && this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      for (const resolve of waiting) resolve()
    }
    return deleted
  }

  /** Resolves when nothing is in flight; at once if nothing is. Says nothing about what begins afterwards. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
