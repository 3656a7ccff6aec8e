import { constants } from 'node:os'
import { type ShutdownReport } from './report'

/** One shutdown, as the process sees it. */
export interface Stopper {
  readonly signals: readonly NodeJS.Signals[]
  readonly fatal: boolean
  readonly exit: boolean
  /** Begins or joins the stop. */
  stop(cause: ProcessCause): Promise<ShutdownReport>
  /** The process ends now: say what is not done. */
  forced(): void
}

/** What the process begins a stop with; `error`: it is fatal. */
export interface ProcessCause {
  reason: string
  signal: NodeJS.Signals | null
  error?: unknown
}

/** Two deliveries of one signal within this time (ms) are one: a group kill, and a parent that forwards it. */
const SAME_SIGNAL = 250
/** How long (ms) stdout and stderr may take to flush before the exit. */
const FLUSH = 500

/**
 * All shutdowns of the process, also of several copies of this package: one listener a signal, and one exit,
 * when the last of those that were told has ended, with the highest code.
 */
class ProcessSignals {
  readonly #stoppers = new Set<Stopper>()
  readonly #stopping = new Set<Promise<unknown>>()
  readonly #listeners = new Map<string, (...args: never[]) => void>()
  /** What is being shut down: the same target twice is a mistake. */
  readonly targets = new WeakSet<object>()
  #last: { signal: NodeJS.Signals; at: number } | undefined
  #exitCode = 0
  #exits = false

  add(stopper: Stopper): void {
    this.#stoppers.add(stopper)
    this.#listen()
  }

  remove(stopper: Stopper): void {
    this.#stoppers.delete(stopper)
    this.#listen()
  }

  /** No other shutdown is under way or may come: what keeps the process from ending is this one's. */
  isLast(stopper: Stopper): boolean {
    return [...this.#stoppers].every((one) => one === stopper)
  }

  /** Has exactly the listeners that the shutdowns of now ask for; a stop that runs keeps those of its second signal. */
  #listen(): void {
    const wanted = new Set<string>()
    for (const { signals, fatal } of this.#stoppers) {
      for (const signal of signals) wanted.add(signal)
      if (signals.includes('SIGTERM') && process.send !== undefined) wanted.add('message')
      if (fatal) wanted.add('uncaughtException').add('unhandledRejection')
    }
    for (const [name, listener] of this.#listeners) {
      if (wanted.has(name) || this.#exits) continue // about to exit: the default action of a signal must not overtake it
      process.off(name, listener as () => void)
      this.#listeners.delete(name)
    }
    for (const name of wanted) {
      if (this.#listeners.has(name)) continue
      const listener = this.#listenerOf(name)
      this.#listeners.set(name, listener)
      process.on(name, listener as () => void)
    }
  }

  #listenerOf(name: string): (arg: unknown) => void {
    if (name === 'message') return (message) => message === 'shutdown' && this.#signalled('SIGTERM')
    if (name === 'uncaughtException' || name === 'unhandledRejection') return (error) => this.#failed(name, error)
    return () => this.#signalled(name as NodeJS.Signals)
  }

  #signalled(signal: NodeJS.Signals): void {
    const last = this.#last
    const at = performance.now()
    if (last?.signal === signal && at - last.at < SAME_SIGNAL) return
    this.#last = { signal, at }
    if (last !== undefined && this.#exits) {
      for (const stopper of this.#stoppers) stopper.forced()
      process.exit(128 + constants.signals[signal])
    }
    this.#stop({ reason: signal, signal }, (stopper) => stopper.signals.includes(signal))
  }

  #failed(reason: string, error: unknown): void {
    process.exitCode = 1
    this.#exitCode = 1
    this.#stop({ reason, signal: null, error }, (stopper) => stopper.fatal)
  }

  /** A start-up has failed: this one shutdown stops, and the process with it. */
  fail(stopper: Stopper, cause: ProcessCause): void {
    this.#stop(cause, (one) => one === stopper)
  }

  #stop(cause: ProcessCause, concerns: (stopper: Stopper) => boolean): void {
    for (const stopper of this.#stoppers) {
      if (!concerns(stopper)) continue
      this.#exits ||= stopper.exit
      // A stop that rejects is a bug, and must not keep the process alive.
      const ended = stopper.stop(cause).then(({ exitCode }) => exitCode, () => 1)
      const stopped = ended.then((exitCode) => {
        this.#exitCode = Math.max(this.#exitCode, exitCode)
        this.#stopping.delete(stopped)
        return this.#exitWhenStopped()
      })
      this.#stopping.add(stopped)
    }
  }

  async #exitWhenStopped(): Promise<void> {
    if (this.#stopping.size > 0) return
    if (!this.#exits) {
      this.#last = undefined
      return
    }
    process.exitCode = this.#exitCode
    await Promise.race([Promise.all([flushed(process.stdout), flushed(process.stderr)]), new Promise((resolve) => setTimeout(resolve, FLUSH))])
    process.exit(this.#exitCode)
  }
}

/** What was written so far has left the process: into a pipe, `process.exit` would cut it. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve()
    else stream.write('', () => resolve())
  })
}

const KEY = Symbol.for('@ebbjs/shutdown.process')
const shared = globalThis as { [KEY]?: ProcessSignals }

/** The one registry of this process: of all copies of this package that may be installed in it. */
export const processSignals: ProcessSignals = (shared[KEY] ??= new ProcessSignals())
