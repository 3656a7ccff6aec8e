import { inspect } from 'node:util'
import { at, LONGEST, loopTurn, type Moment, now, settledBy } from './clock'
import { nearest } from './nearest'
import { messageOf } from './thrown'

/** What became of a hook; `error` is its message. */
export interface HookReport {
  name: string
  ms: number
  error?: string
}

/** What a hook is told: why the server stops, and by `signal`, which aborts then, when the hook's own time is over. */
export interface HookContext {
  readonly reason: string
  readonly signal: AbortSignal
}

export type Hook = (stop: HookContext) => unknown

/** Options of a cleanup hook. */
export interface HookOptions {
  /** How long (ms) it may take. */
  timeout?: number
  /** Names of hooks that run before it. */
  after?: readonly string[]
}

/** Hooks that run side by side: those of one call. */
interface Group {
  readonly hooks: readonly (readonly [name: string, fn: Hook])[]
  readonly timeout: number | undefined
  readonly after: readonly string[]
  /** How many hooks registered one another until this one was. */
  readonly depth: number
}

const OPTIONS: readonly string[] = ['timeout', 'after']

/** A hook that is registered by a hook runs, too; past so many in a row it is taken for an endless chain. */
const DEEPEST = 10

/** Functions of the user's that a stop awaits. One that fails or hangs keeps no other from running. */
export class Hooks {
  readonly #what: string
  readonly #options: readonly string[]
  #groups: Group[] = []
  /** All that were ever added. */
  readonly #names = new Set<string>()
  /** Of the hook that runs. */
  #depth = 0
  readonly #running = new Set<string>()
  #over = false
  #all: Promise<HookReport[]> | undefined
  readonly #begins: () => void

  /**
   * @param what - what they are called in errors: 'stop hook', …
   * @param begins - called before each is
   * @param options - what `add` takes
   */
  constructor(what = 'hook', begins: () => void = () => {}, options: readonly string[] = OPTIONS) {
    this.#what = what
    this.#begins = begins
    this.#options = options
  }

  /** @throws TypeError or RangeError that names what, value and rule */
  add(name: string, fn: Hook, options?: HookOptions): void {
    this.addGroup([[name, fn]], options)
  }

  /** Adds hooks that run side by side. @throws as `add` */
  addGroup(hooks: Group['hooks'], options: HookOptions = {}): void {
    for (const [name, fn] of hooks) {
      if (typeof name !== 'string' || name === '') throw new TypeError(`Cannot add a hook named ${inspect(name)}: its name must be a string, and not empty`)
      if (typeof fn !== 'function') throw new TypeError(`Cannot add hook '${name}' with ${inspect(fn)}: it must be a function`)
    }
    const named = hooks.map(([name]) => `hook '${name}'`).join(', ')
    const isObject = typeof options === 'object' && options !== null && !Array.isArray(options)
    const misspelt = isObject ? Object.keys(options).find((name) => !this.#options.includes(name)) : undefined
    if (misspelt !== undefined) throw new TypeError(`Cannot add ${named} with option ${misspelt}: there is no such option; the nearest is ${nearest(misspelt, this.#options)}`)
    if (!isObject) throw new TypeError(`Cannot add ${named} with options ${inspect(options)}: they must be an object`)
    const { timeout, after = [] } = options
    if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0 && timeout < Infinity)) {
      throw new RangeError(`Cannot add ${named} with timeout ${inspect(timeout)}: it must be more than 0 ms, and finite`)
    }
    if (timeout !== undefined && timeout > LONGEST) throw new RangeError(`Cannot add ${named} with timeout ${timeout}: it must be at most ${LONGEST} ms`)
    if (!Array.isArray(after) || !after.every((name) => typeof name === 'string') || hooks.some(([name]) => after.includes(name))) {
      throw new TypeError(`Cannot add ${named} after ${inspect(after)}: it must be an array of other hooks' names`)
    }
    if (this.#over) throw new TypeError(`Cannot add ${named}: the ${this.#what}s have run`)
    if (this.#depth >= DEEPEST) throw new TypeError(`Cannot add ${named}: it would be the ${DEEPEST + 1}th of a chain of hooks that register one another`)
    for (const [name] of hooks) this.#names.add(name)
    this.#groups.push({ hooks, timeout, after, depth: this.#depth + 1 })
  }

  /** What is wrong with the `after` of each. */
  get problems(): string[] {
    return [...this.#groups.flatMap((group) => this.#unknown(group)), ...this.#circles]
  }

  /**
   * Starts all, in the same turn, and those that they register; each has its own timeout or `timeout` (ms), and none goes
   * past the moment `end`. A second call gets the reports of the first.
   */
  together(timeout: number, end: Moment, reason = 'stop'): Promise<HookReport[]> {
    return (this.#all ??= this.#together(timeout, end, reason))
  }

  async #together(timeout: number, end: Moment, reason: string): Promise<HookReport[]> {
    const reports: HookReport[] = []
    while (this.#groups.length > 0) {
      const groups = this.#groups
      this.#groups = []
      this.#depth = Math.max(...groups.map(({ depth }) => depth))
      const begun = now()
      const ran = groups.map((group) => this.#run(group, reason, () => Math.min(begun + (group.timeout ?? timeout), at(end))))
      reports.push(...(await Promise.all(ran)).flat())
    }
    this.#over = true
    return reports
  }

  /**
   * One after another, last registered first, each after those it names; those of one call side by side. Each has its own
   * timeout, or an equal share of the time that is left until `end` among those not yet run. Hooks added meanwhile run too.
   */
  async inTurn(end: Moment, reason = 'stop'): Promise<HookReport[]> {
    const reports: HookReport[] = []
    for (let group = this.#takeNext(); group !== undefined; group = this.#takeNext()) {
      this.#depth = group.depth
      const { timeout } = group
      const [begun, shares] = [now(), this.#groups.length + 1]
      const share = (): number => Math.min(begun + (timeout ?? Math.max(0, at(end) - begun) / shares), at(end))
      const ran = await this.#run(group, reason, share)
      const [problem] = this.#unknown(group)
      if (problem !== undefined) for (const report of ran) report.error ??= problem
      reports.push(...ran)
      await loopTurn() // a chain of hooks that are done at once starves no timer
    }
    this.#over = true
    return reports
  }

  get size(): number {
    return this.#groups.length
  }

  /** The names of those that run. */
  get running(): string[] {
    return [...this.#running]
  }

  /** The names of those that are not done: of the ones that run, and of the ones that wait for their turn. */
  get left(): string[] {
    return [...this.#running, ...this.#groups.flatMap(({ hooks }) => hooks.map(([name]) => name))]
  }

  /** The last registered that waits for none of the others; in a circle, simply the last. */
  #takeNext(): Group | undefined {
    const left = new Set(this.#groups.flatMap(({ hooks }) => hooks.map(([name]) => name)))
    const ready = this.#groups.findLastIndex(({ after }) => !after.some((name) => left.has(name)))
    return this.#groups.splice(ready, 1)[0]
  }

  /** Hooks that wait for themselves, by way of others. */
  get #circles(): string[] {
    const after = new Map(this.#groups.flatMap((group) => group.hooks.map(([name]) => [name, group.after] as const)))
    const waitsForItself = (name: string): boolean => {
      const seen = new Set<string>()
      const look = [...(after.get(name) ?? [])]
      for (let next = look.pop(); next !== undefined; next = look.pop()) {
        if (next === name) return true
        if (!seen.has(next)) look.push(...(after.get(next) ?? []))
        seen.add(next)
      }
      return false
    }
    return [...after.keys()].filter(waitsForItself).map((name) => `hook '${name}' cannot run after itself: what it names in 'after' names it in turn`)
  }

  #unknown({ hooks, after }: Group): string[] {
    const own = hooks.map(([name]) => name)
    return after
      .filter((name) => !this.#names.has(name))
      .map((name) => `hook '${own.join("', '")}' cannot run after '${name}': there is no such hook; the nearest is ${nearest(name, [...this.#names].filter((other) => !own.includes(other))) ?? 'none'}`)
  }

  async #run({ hooks }: Group, reason: string, end: () => number): Promise<HookReport[]> {
    return Promise.all(hooks.map(async ([name, fn]) => {
      const begun = now()
      const elapsed = () => Math.round(now() - begun)
      const time = new AbortController()
      let error: string | undefined
      this.#running.add(name)
      this.#begins()
      const work = (async () => fn({ reason, signal: time.signal }))().catch((thrown: unknown) => {
        error = messageOf(thrown)
      })
      const inTime = await settledBy(work, end)
      this.#running.delete(name)
      if (!inTime) {
        error = `not done after ${elapsed()} ms`
        time.abort(new Error(`The time of hook '${name}' is over`))
      }
      return { name, ms: elapsed(), ...(error !== undefined && { error }) }
    }))
  }
}
