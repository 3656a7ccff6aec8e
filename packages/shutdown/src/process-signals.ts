import cluster from 'node:cluster'
import { once } from 'node:events'
import { type Server } from 'node:net'
import { constants } from 'node:os'
import { now, settledBy } from './clock'
import { onAbortedListen } from './node/aborted-listen'
import { onClusterDisconnect } from './node/cluster-disconnect'
import { endProcess } from './exit'
import { flushed, guardOutlets } from './outlets'
import { stderr } from './options'
import { type ShutdownReport } from './report'
import { shown } from './thrown'
import { Watchdog } from './watchdog'

/** One shutdown, as the process sees it. */
export interface Stopper {
  readonly signals: readonly NodeJS.Signals[]
  readonly force: NodeJS.Signals | 'any' | 'never'
  readonly fatal: boolean
  readonly exit: boolean | 'signal'
  /** Begins or joins the stop. */
  stop(cause: ProcessCause): Promise<ShutdownReport>
  /** The moment (ms of `now()`) by which its stop has ended: that of one which would begin now, or of the one that runs. */
  readonly end: number
  /** What its stop has left to do, in a few words. */
  readonly left: string
  /** Resolves when the requests that waited for its stop have their answers. */
  answered(): Promise<unknown>
  /** Whether it stops this server. */
  owns(server: Server): boolean
  /** The process ends now: says what is not done, and flushes what can be. */
  forced(): Promise<unknown>
}

/** What the process begins a stop with; `error`: it is fatal; `handover`: others go on accepting, whatever the option says. */
export interface ProcessCause {
  reason: string
  signal: NodeJS.Signals | null
  error?: unknown
  handover?: boolean
}

/** Signals within this time (ms) of the first are one: a group kill, a parent that forwards it, another library that repeats it. */
const ONE_SIGNAL = 250
/** How long (ms) stdout and stderr may take to flush before the exit, */
const FLUSH = 500
/** and before one that was forced. */
const FORCED_FLUSH = 100

/**
 * All shutdowns of the process, also of several copies of this package: one listener a signal, one watchdog, and one exit,
 * when the last of those that were told has ended, with the highest code.
 */
class ProcessSignals {
  readonly #stoppers = new Set<Stopper>()
  readonly #stopping = new Map<Promise<unknown>, Stopper>()
  /** What takes the process's listeners back, by the names of their events. */
  readonly #listeners = new Map<string, () => void>()
  /** Those that were told, from before they are until they have ended. */
  readonly #told = new Set<Stopper>()
  readonly #watchdog = new Watchdog(() => [...this.#told].map(({ left }) => left).join('; ') || 'the stop, but not the exit')
  /** What is being shut down: the same target twice is a mistake. */
  readonly targets = new WeakSet<object>()
  /** When (ms of `now()`) it was clear that the process ends. */
  #begun: number | undefined
  /** The signal to raise again in the end. */
  #raised: NodeJS.Signals | undefined
  #raises = false
  /** The worker of a cluster leaves it. */
  #leaving: Promise<unknown> | undefined
  readonly #answers: Promise<unknown>[] = []
  #exitCode = 0
  #exits = false
  #forced = false
  /** An error that came when all had stopped is printed. */
  #saidLast = false

  constructor() {
    onAbortedListen((server) => {
      const owner = [...this.#stoppers].find((stopper) => stopper.owns(server))
      void owner?.stop({ reason: 'listen was aborted', signal: null })
      return owner !== undefined
    })
  }

  /** The process ends with the stops that run. */
  get exits(): boolean {
    return this.#exits
  }

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

  /** Moves the watchdog to the moment by which all have ended: a stop was extended, or ended before the others. */
  guard(): void {
    if (this.#exits && this.#told.size > 0) this.#watchdog.guard(this.#end)
  }

  /** Something of the user's is about to be called: it may block. */
  note(): void {
    if (this.#exits) this.#watchdog.note()
  }

  /** The moment (ms of `now()`) by which all have ended. */
  get #end(): number {
    return Math.max(now(), ...[...this.#told].map(({ end }) => end))
  }

  /** Has exactly the listeners that the shutdowns of now ask for; a stop that runs keeps those of its second signal. */
  #listen(): void {
    const wanted = new Set<string>()
    for (const { signals, fatal } of this.#stoppers) {
      for (const signal of signals) wanted.add(signal)
      if (signals.includes('SIGTERM') && process.send !== undefined) wanted.add('message')
      if (signals.includes('SIGTERM') && cluster.isWorker) wanted.add('cluster disconnect')
      if (fatal) wanted.add('uncaughtException').add('unhandledRejection')
    }
    for (const [name, release] of this.#listeners) {
      if (wanted.has(name) || this.#exits) continue // about to exit: the default action of a signal must not overtake it
      release()
      this.#listeners.delete(name)
    }
    for (const name of wanted) {
      if (!this.#listeners.has(name)) this.#listeners.set(name, this.#listenTo(name))
    }
  }

  #listenTo(name: string): () => void {
    if (name === 'cluster disconnect') return onClusterDisconnect(() => this.#disconnected())
    const listener = this.#listenerOf(name)
    process.on(name, listener)
    return () => process.off(name, listener)
  }

  #listenerOf(name: string): (arg: unknown) => void {
    if (name === 'message') return (message) => message === 'shutdown' && this.#signalled('SIGTERM')
    if (name === 'uncaughtException' || name === 'unhandledRejection') return (error) => this.#failed(name, error)
    return () => this.#signalled(name as NodeJS.Signals)
  }

  #signalled(signal: NodeJS.Signals): void {
    const isTold = [...this.#stoppers].every((stopper) => this.#told.has(stopper) || !stopper.signals.includes(signal))
    if (this.#begun !== undefined && isTold) {
      if (now() - this.#begun >= ONE_SIGNAL && this.#forces(signal)) this.#force(signal)
      return
    }
    this.#raised = signal
    this.#stop({ reason: signal, signal }, (stopper) => stopper.signals.includes(signal))
  }

  #forces(signal: NodeJS.Signals): boolean {
    return [...this.#told].some(({ force }) => force === 'any' || force === signal)
  }

  /** Somebody is impatient. Whatever they do next, the process ends: at once the second time. */
  #force(signal: NodeJS.Signals): void {
    const exit = (): void => endProcess(128 + constants.signals[signal], now())
    if (this.#forced) exit()
    this.#forced = true
    const flushes = [...this.#told].map((stopper) => stopper.forced())
    void settledBy(Promise.allSettled([...flushes, flushed()]), now() + FORCED_FLUSH).then(exit)
  }

  /** The other workers go on accepting. The primary hears that this one left on purpose before it exits. */
  async #disconnected(): Promise<void> {
    const cause = { reason: 'worker.disconnect()', signal: null, handover: true }
    const told = [...this.#stoppers].filter(({ signals }) => signals.includes('SIGTERM'))
    this.#leaving = once(process, 'disconnect')
    this.#stop(cause, (stopper) => told.includes(stopper))
    await Promise.allSettled(told.map((stopper) => stopper.stop(cause)))
  }

  #failed(reason: string, error: unknown): void {
    if (!process.exitCode) process.exitCode = 1
    this.#exitCode = 1
    const isTold = this.#stop({ reason, signal: null, error }, (stopper) => stopper.fatal)
    if (isTold || this.#saidLast) return
    this.#saidLast = true
    stderr(`[shutdown] ${reason}: ${shown(error)}`) // once: the exit is all that is left to do
  }

  /**
   * What one shutdown itself found stops it, and the process with it: a start-up has failed, nothing was to do.
   * @returns false if it is not among the process's any more
   */
  begin(stopper: Stopper, cause: ProcessCause): boolean {
    return this.#stop(cause, (one) => one === stopper)
  }

  #stop(cause: ProcessCause, concerns: (stopper: Stopper) => boolean): boolean {
    const told = [...this.#stoppers].filter(concerns)
    for (const stopper of told) this.#told.add(stopper)
    this.#raises ||= told.some(({ exit }) => exit === 'signal')
    if (!this.#exits && told.some(({ exit }) => exit !== false)) {
      this.#exits = true
      this.#begun = now()
    }
    this.guard()
    for (const stopper of told) {
      const joined = [...this.#stopping.values()].includes(stopper)
      const report = stopper.stop(cause)
      if (joined) continue
      const unguard = guardOutlets()
      // A stop that rejects is a bug, and must not keep the process alive.
      const ended = report.then(({ exitCode }) => exitCode, () => 1)
      const stopped = ended.then((exitCode) => {
        this.#exitCode = Math.max(this.#exitCode, exitCode)
        this.#stopping.delete(stopped)
        this.#told.delete(stopper)
        this.#answers.push(stopper.answered())
        unguard()
        this.guard()
        return this.#exitWhenStopped(stopper.end)
      })
      this.#stopping.set(stopped, stopper)
    }
    return told.length > 0
  }

  async #exitWhenStopped(end: number): Promise<void> {
    if (this.#stopping.size > 0) return
    if (!this.#exits) {
      this.#answers.length = 0
      this.#raised = undefined
      this.#exitCode = 0
      return
    }
    guardOutlets()
    await settledBy(Promise.allSettled([...this.#answers, this.#leaving]).then(flushed), now() + FLUSH)
    const code = Number(process.exitCode) || this.#exitCode // one that the program has set is kept
    if (this.#raises && code === 0 && this.#raised !== undefined) {
      process.removeAllListeners(this.#raised)
      process.kill(process.pid, this.#raised)
      endProcess(128 + constants.signals[this.#raised], end) // PID 1 of a container is not ended by default actions
    }
    endProcess(code, end)
  }
}

const KEY = Symbol.for('@ebbjs/shutdown.process')
const shared = globalThis as { [KEY]?: ProcessSignals }

/** The one registry of this process: of all copies of this package that may be installed in it. */
export const processSignals: ProcessSignals = (shared[KEY] ??= new ProcessSignals())
