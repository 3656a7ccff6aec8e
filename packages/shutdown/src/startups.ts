/** Start-ups that are under way: promises by name. */
export class Startups {
  readonly #running = new Map<Promise<unknown>, string>()

  get size(): number {
    return this.#running.size
  }

  /** @returns `promise`, which counts until it has settled */
  async add<T>(name: string, promise: Promise<T>): Promise<T> {
    this.#running.set(promise, name)
    try {
      return await promise
    } finally {
      this.#running.delete(promise)
    }
  }

  /** Resolves when none is under way any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.keys())
  }

  /** The names of those under way. */
  get names(): string[] {
    return [...this.#running.values()]
  }
}
