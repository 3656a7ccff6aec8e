import { inspect } from 'node:util'
import { now, settledBy } from './clock'

/** What became of a hook; `error` is its message. */
export interface HookReport {
  name: string
  ms: number
  error?: string
}

export type Hook = () => unknown

interface Entry {
  readonly name: string
  readonly fn: Hook
  readonly timeout: number | undefined
  readonly after: readonly string[]
}

/** Functions of the user's that a stop awaits. One that fails or hangs keeps no other from running. */
export class Hooks {
  readonly #entries: Entry[] = []

  /** @throws TypeError or RangeError that names what, value and rule */
  add(name: string, fn: Hook, options: { timeout?: number | undefined; after?: readonly string[] } = {}): void {
    if (typeof name !== 'string' || name === '') throw new TypeError(`Cannot add a hook named ${inspect(name)}: its name must be a string, and not empty`)
    if (typeof fn !== 'function') throw new TypeError(`Cannot add hook '${name}' with ${inspect(fn)}: it must be a function`)
    if (typeof options !== 'object' || options === null) throw new TypeError(`Cannot add hook '${name}' with options ${inspect(options)}: they must be an object`)
    const { timeout, after = [] } = options
    if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0 && timeout < Infinity)) {
      throw new RangeError(`Cannot add hook '${name}' with timeout ${inspect(timeout)}: it must be more than 0 ms, and finite`)
    }
    if (!Array.isArray(after) || after.includes(name)) {
      throw new TypeError(`Cannot add hook '${name}' after ${inspect(after)}: it must be an array of other hooks' names`)
    }
    this.#entries.push({ name, fn, timeout, after })
  }

  /** Starts all together; each has its own timeout or `timeout` (ms), and none goes past the moment `end`. */
  together(timeout: number, end: number): Promise<HookReport[]> {
    const begun = now()
    return Promise.all(this.#entries.map((entry) => run(entry, Math.min(begun + (entry.timeout ?? timeout), end))))
  }

  /**
   * One after another, last registered first, each after those it names. Each has its own timeout, or an equal share
   * of the time that is left until `end` among those not yet run. Hooks added meanwhile run too.
   */
  async inTurn(end: number): Promise<HookReport[]> {
    const reports: HookReport[] = []
    for (let entry = this.#takeNext(); entry !== undefined; entry = this.#takeNext()) {
      const share = Math.max(0, end - now()) / (this.#entries.length + 1)
      reports.push(await run(entry, Math.min(now() + (entry.timeout ?? share), end)))
    }
    return reports
  }

  /** The last registered that waits for none of the others; in a circle, simply the last. */
  #takeNext(): Entry | undefined {
    const left = new Set(this.#entries.map(({ name }) => name))
    const ready = this.#entries.findLastIndex(({ after }) => !after.some((name) => left.has(name)))
    return this.#entries.splice(ready, 1)[0]
  }
}

async function run({ name, fn }: Entry, end: number): Promise<HookReport> {
  const begun = now()
  const elapsed = () => Math.round(now() - begun)
  let error: string | undefined
  const work = (async () => fn())().catch((thrown: unknown) => {
    error = thrown instanceof Error ? thrown.message : inspect(thrown)
  })
  const inTime = await settledBy(work, end)
  if (!inTime) error = `not done after ${elapsed()} ms`
  return { name, ms: elapsed(), ...(error !== undefined && { error }) }
}
