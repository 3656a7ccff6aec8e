import { inspect } from 'node:util'
import { type Context } from './context'
import { type Lifetime } from './lifetime'

/**
 * The requests in flight: handler still running, response still open, or `waitUntil` pending.
 * Reads like a Set, and can be waited for. Inside, lifetimes are linked to one another: a Set has a hash made for each
 * request, and its table made anew after every few.
 */
export class InFlight implements ReadonlySet<Context> {
  #first: Lifetime | undefined = undefined
  #last: Lifetime | undefined = undefined
  #size = 0
  #waiting: (() => void)[] = []
  /** Those that nobody may be able to end any more: held by whoever can. */
  readonly #weak = new Set<WeakRef<Lifetime>>()
  readonly #lost = new FinalizationRegistry<WeakRef<Lifetime>>((ref) => this.#weak.delete(ref) && this.#left())

  get size(): number {
    return this.#size
  }

  has(ctx: Context): boolean {
    for (const life of this.#lives()) if (life.ctx === ctx) return true
    return false
  }

  add(life: Lifetime): void {
    if (life.inFlight) return
    life.inFlight = true
    life.previous = this.#last
    if (this.#last === undefined) this.#first = life
    else this.#last.next = life
    this.#last = life
    this.#size++
  }

  delete(life: Lifetime): void {
    if (!life.inFlight) return
    life.inFlight = false
    const { weak } = life
    if (weak === undefined) this.#unlink(life)
    else {
      this.#weak.delete(weak)
      this.#lost.unregister(weak)
      life.weak = undefined
    }
    this.#left()
  }

  #unlink(life: Lifetime): void {
    const { previous, next } = life
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    life.previous = life.next = undefined
  }

  #left(): void {
    if (--this.#size === 0 && this.#waiting.length > 0) this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Those that are in flight now, without those that end meanwhile: first those whose response is closed, then by arrival. */
  *values(): SetIterator<Context> {
    for (const { ctx, inFlight } of this.#lives()) if (inFlight) yield ctx
  }

  #lives(): Lifetime[] {
    const lives = [...this.#weak].map((ref) => ref.deref()).filter((life) => life !== undefined)
    for (let life = this.#first; life !== undefined; life = life.next) lives.push(life)
    return lives
  }

  keys(): SetIterator<Context> {
    return this.values()
  }

  *entries(): SetIterator<[Context, Context]> {
    for (const ctx of this) yield [ctx, ctx]
  }

  forEach(callback: (ctx: Context, again: Context, set: ReadonlySet<Context>) => void, thisArg?: unknown): void {
    for (const ctx of this) callback.call(thisArg, ctx, ctx, this)
  }

  static {
    // To those who ask, it is a Set. What newer ones compare sets by (Node 22) reads what only Sets have inside.
    Object.setPrototypeOf(this.prototype, Set.prototype)
    for (const name of ['union', 'intersection', 'difference', 'symmetricDifference', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom']) {
      const compare = (Set.prototype as unknown as Record<string, ((other: unknown) => unknown) | undefined>)[name]
      if (compare === undefined) continue
      Object.defineProperty(this.prototype, name, { value: function (this: InFlight, other: unknown) { return compare.call(new Set(this), other) } })
    }
  }

  [Symbol.iterator](): SetIterator<Context> {
    return this.values()
  }

  get [Symbol.toStringTag](): string {
    return 'Set'
  }

  [inspect.custom](): Set<Context> {
    return new Set(this)
  }

  /**
   * Counts a handler as ended once nobody can go on with it any more: koa-connect's never settles when the middleware it
   * wraps answers by itself, and each such request would stay here for ever. Whoever can go on with it holds its ctx.
   */
  forgetWhenLost(life: Lifetime): void {
    if (!life.inFlight || life.weak !== undefined) return
    this.#unlink(life)
    life.weak = new WeakRef(life)
    this.#weak.add(life.weak)
    this.#lost.register(life, life.weak, life.weak)
  }

  /** Resolves when nothing is in flight; at once if nothing is. Says nothing about what begins afterwards. */
  idle(): Promise<void> {
    if (this.#size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
