import { type Context, lifetime } from './context'

/**
 * The requests in flight: handler still running, response still open, or `waitUntil` pending.
 * A Set that can be waited for; one `add` and one `delete` a request.
 */
export class InFlight extends Set<Context> {
  #waiting: (() => void)[] = []
  readonly #lost = new FinalizationRegistry<Context>((ctx) => ctx[lifetime].handled())

  override delete(ctx: Context): boolean {
    const deleted = super.delete(ctx)
    if (this.size === 0 && this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      for (const resolve of waiting) resolve()
    }
    return deleted
  }

  /**
   * Counts a handler as ended once nobody can settle its promise any more: koa-connect's never settles when the
   * middleware it wraps answers by itself, and each such request would stay here for ever.
   */
  forgetWhenLost(running: Promise<void>, ctx: Context): void {
    this.#lost.register(running, ctx)
  }

  /** Resolves when nothing is in flight; at once if nothing is. Says nothing about what begins afterwards. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
