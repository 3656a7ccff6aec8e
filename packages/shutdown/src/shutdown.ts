import cluster from 'node:cluster'
import { inspect } from 'node:util'
import { quietAcceptQueue, stopListening } from './accept-barrier'
import { now, settledBy, until } from './clock'
import { Drain } from './drain'
import { createHealth, type Health, type HealthOptions, type State } from './health'
import { type Hook, Hooks } from './hooks'
import { Log } from './log'
import { settle, type Settings, type ShutdownOptions } from './options'
import { type ProcessCause, processSignals, type Stopper } from './process-signals'
import { refuse } from './refuse'
import { describe, type PhaseName, type ShutdownReport } from './report'
import { Tally } from './tally'
import { type Exchange, identityOf, isStoppable, type Stoppable, type Target, targetsOf } from './target'

/** How long (ms) a stop hook may take, unless it says otherwise. */
const STOP_HOOK_TIMEOUT = 1_000
/** How long (ms) after the drain began half-sent requests and handshakes are waited for. */
const HALF_SENT_SHARE = 1_000
/** How long (ms) the 503 of a cut request may take to leave. */
const CUT_FLUSH = 100

/** What `stop()` may set for this one stop; see ShutdownOptions. */
export type StopOverrides = Pick<ShutdownOptions, 'handover' | 'delay' | 'timeout' | 'abortAfter'>

/**
 * Makes servers stop without losing a request: on SIGTERM and SIGINT, on a fatal error, and when `stop()` is called.
 * Listens to the process from now on; call it before or after `listen`.
 * @param target - an App, a server of net, http, https or http2, an array of these, or an object whose server is one
 * @throws TypeError or RangeError that names what, value and rule; TypeError for the same target twice
 */
export function gracefulShutdown(target: Stoppable | readonly Stoppable[], options: ShutdownOptions = {}): Shutdown {
  return new Shutdown(target, options)
}

/** What `gracefulShutdown` returns. */
export class Shutdown {
  readonly #options: ShutdownOptions
  readonly #settings: Settings
  readonly #targets: Target[] = []
  readonly #log: Log
  readonly #stopHooks = new Hooks()
  readonly #cleanupHooks = new Hooks()
  readonly #healthPaths = new Set<string>()
  readonly #stopper: Stopper
  #state: State = 'ready'
  #handover = false
  #failed = false
  #startups = 0
  readonly #loops = new AbortController()
  readonly #loopsRunning: Promise<unknown>[] = []
  #report: Promise<ShutdownReport> | undefined = undefined

  constructor(target: Stoppable | readonly Stoppable[], options: ShutdownOptions) {
    this.#options = options
    this.#settings = settle(options)
    this.#log = new Log(this.#settings.logger)
    for (const one of targetsOf(target)) this.#claim(one)
    const { signals, fatal, exit, delay, handover } = this.#settings
    this.#stopper = {
      signals: signals || [],
      fatal,
      exit,
      stop: (cause) => this.#begin(cause, {}),
      forced: () => this.#forced(),
    }
    processSignals.add(this.#stopper)
    if (cluster.isWorker && delay > 0 && !handover) {
      this.#log.error('delay in a cluster worker takes the whole shared port out of rotation: set handover: true')
    }
  }

  get state(): State {
    return this.#state
  }

  /**
   * Stops: announces, drains, aborts, cuts, cleans up. Idempotent: later calls get the same promise.
   * Does not end the process.
   * @param reason - what the report, the log and `ShutdownError.cause` say
   */
  async stop(reason = 'stop', overrides: StopOverrides = {}): Promise<ShutdownReport> {
    settle({ ...this.#options, ...overrides })
    return this.#begin({ reason, signal: null }, overrides)
  }

  /**
   * Adds what stops with the rest: a server is drained, anything else is a cleanup hook that calls its
   * `Symbol.asyncDispose`, end, quit, disconnect, close or destroy, the first that it has.
   * @throws TypeError for what has none of them
   */
  add<T extends object>(resource: T, name = resource?.constructor?.name || 'resource'): T {
    if (isStoppable(resource)) {
      for (const one of targetsOf(resource)) this.#claim(one)
      return resource
    }
    const method = [Symbol.asyncDispose, 'end', 'quit', 'disconnect', 'close', 'destroy'].find(
      (key) => typeof (resource as Record<PropertyKey, unknown> | null)?.[key] === 'function',
    )
    if (method === undefined) {
      throw new TypeError(`Cannot add ${inspect(resource)}: it must have one of Symbol.asyncDispose, end, quit, disconnect, close, destroy`)
    }
    this.onCleanup(name, () => (resource as Record<PropertyKey, Hook>)[method]?.())
    return resource
  }

  /**
   * A hook that runs when the stop is announced, together with the other ones: leave a registry, pause a consumer.
   * @param options.timeout - ms, default 1_000; the lame duck lasts at least as long
   */
  onStop(name: string, fn: Hook, options: { timeout?: number } = {}): this {
    this.#stopHooks.add(name, fn, options)
    return this
  }

  /**
   * A hook that runs after the last handler has ended or was cut; last registered first.
   * @param options.timeout - ms, default an equal share of the time that is left
   * @param options.after - names of hooks that run before it
   */
  onCleanup(name: string, fn: Hook, options: { timeout?: number; after?: readonly string[] } = {}): this {
    this.#cleanupHooks.add(name, fn, options)
    return this
  }

  /**
   * Runs work that goes on until the server drains: its signal aborts then, and clean-up waits for it.
   * @param fn - gets the signal; should return soon after it has aborted
   */
  loop(name: string, fn: (stopping: AbortSignal) => Promise<unknown>): void {
    const running = (async () => fn(this.#loops.signal))().catch((error: unknown) => {
      this.#failed = true
      this.#log.error(`loop '${name}' failed: ${messageOf(error)}`)
    })
    this.#loopsRunning.push(running)
  }

  /**
   * Not ready until `promise` has settled. If it rejects, what had started is stopped and cleaned up, exit code 1.
   * @returns the promise's value, or undefined if it failed
   */
  async startup<T>(name: string, promise: Promise<T>): Promise<T | undefined> {
    this.#startups++
    if (this.#state === 'ready') this.#state = 'starting'
    try {
      return await promise
    } catch (error) {
      processSignals.fail(this.#stopper, { reason: `start-up '${name}' failed`, signal: null, error })
      return undefined
    } finally {
      if (--this.#startups === 0 && this.#state === 'starting') this.#state = 'ready'
    }
  }

  /** A middleware for /livez and /readyz; see Health for plain servers and a port of its own. */
  health(options: HealthOptions = {}): Health {
    const health = createHealth(() => ({ state: this.#state, ready: this.#state === 'ready' || this.#handover }), options)
    for (const path of health.paths) this.#healthPaths.add(path)
    return health
  }

  /** Takes every listener on the process back. A stop that runs goes on. */
  uninstall(): void {
    processSignals.remove(this.#stopper)
    for (const target of this.#targets) processSignals.targets.delete(identityOf(target))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('dispose')
  }

  #claim(target: Target): void {
    const identity = identityOf(target)
    if (processSignals.targets.has(identity)) {
      throw new TypeError(`Cannot shut down ${identity.constructor.name} twice: one shutdown must own it (uninstall() the first)`)
    }
    processSignals.targets.add(identity)
    this.#targets.push(target)
  }

  #begin(cause: ProcessCause, overrides: StopOverrides): Promise<ShutdownReport> {
    if ('error' in cause) {
      this.#failed = true
      this.#handover = false
      this.#log.error(`${cause.reason}: ${oneLineIfExpected(cause.error)}`, { err: cause.error })
    }
    return (this.#report ??= this.#run(cause, overrides))
  }

  /** The phases of a stop, in order. Each ends early when it is done. */
  async #run({ reason, signal }: ProcessCause, overrides: StopOverrides): Promise<ShutdownReport> {
    const { timeout, delay, abortAfter, cleanupTimeout, handover, late } = settle({ ...this.#options, ...overrides })
    const started = now()
    const exitAt = started + timeout - Math.min(100, timeout / 50) // what the report and the exit themselves take
    const cutAt = started + timeout - cleanupTimeout
    const phases: Partial<Record<PhaseName, number>> = {}
    const enter = this.#phaseTimer(phases)
    const tally = new Tally()

    // 1. announce: readiness turns 503, responses begin to say `Connection: close`
    enter('announce')
    this.#state = 'stopping'
    this.#handover = handover && !this.#failed
    const skipsDelay = signal === 'SIGINT' || this.#handover
    const delayMs = skipsDelay ? 0 : delay
    this.#log.info(`${reason}: stopping within ${timeout} ms; ${this.#inflightCount()} requests in flight`, { reason })
    for (const target of this.#targets) target.takeOver?.()
    const drains = this.#targets.map((target) => new Drain(target, (_, res) => tally.watch(res)))
    const stopHooks = this.#stopHooks.together(STOP_HOOK_TIMEOUT, cutAt)

    // 2. lame duck: not ready, still serving everything
    enter('lameDuck')
    if (delayMs > 0) this.#log.info(`not ready, serving for ${delayMs} ms more`)
    await Promise.all([until(started + delayMs), stopHooks])

    // 3. drain: the accept queue is emptied, the listener closed, and only then is anyone told to leave
    enter('drain')
    this.#state = 'draining'
    const abortAt = Math.min(now() + abortAfter, cutAt)
    const release = this.#targets.map((target) => target.hold())
    const servers = this.#targets.flatMap((target) => [...target.servers])
    if (!this.#handover) await quietAcceptQueue(servers)
    stopListening(servers)
    const errors = this.#targets.map((target, index) =>
      target.beginStop({
        cause: reason,
        abortAt: Date.now() + (abortAt - now()),
        admit: (exchange) => now() < abortAt && !drains[index]?.hasEnded(exchange.req.socket) && this.#admits(exchange, late),
      }),
    )
    this.#loops.abort(errors[0] ?? new Error(`The server is stopping (${reason})`))
    for (const proceed of release) proceed()
    for (const drain of drains) drain.closeConnections()
    const done = this.#drained(drains)
    const halfSentUntil = Math.min(now() + HALF_SENT_SHARE, abortAt)
    await settledBy(done, halfSentUntil)
    for (const drain of drains) drain.endSilent()
    await settledBy(done, abortAt)

    // 4. abort: who is left is told to stop, and what is answered in time is sent whole
    enter('abort')
    const left = this.#inflight()
    if (left.length > 0) this.#log.info(`aborting ${left.length} requests`)
    for (const exchange of left) tally.abort(exchange)
    for (const drain of drains) drain.abort()
    await settledBy(done, cutAt)

    // 5. cut: a 503 where nothing was sent, a reset where something was
    enter('cut')
    await this.#cut(tally, drains, errors)

    // 6. clean up, after the last handler has ended or was cut
    enter('cleanup')
    this.#state = 'cleaning'
    const hooks = [...(await stopHooks), ...(await this.#cleanupHooks.inTurn(exitAt))]

    // 7. report
    enter(undefined)
    this.#state = 'stopped'
    for (const drain of drains) drain.release()
    this.uninstall()
    const clean = tally.counts.cut === 0 && !this.#failed && hooks.every(({ error }) => error === undefined)
    const report: ShutdownReport = {
      reason,
      signal,
      phases: phases as Record<PhaseName, number>,
      requests: tally.counts,
      connections: sum(drains.map(({ counts }) => counts)),
      hooks,
      blockers: tally.blockers,
      exitCode: clean ? 0 : 1,
      clean,
    }
    for (const line of describe(report)) this.#log[clean ? 'info' : 'error'](line, { report })
    return report
  }

  async #cut(tally: Tally, drains: Drain[], errors: Error[]): Promise<void> {
    const flushes: Promise<void>[] = []
    this.#targets.forEach((target, index) => {
      for (const exchange of target.inflight) {
        tally.cut(exchange)
        const { res, phase } = exchange
        if (phase !== 'background' && !res.headersSent && !res.destroyed) flushes.push(refuse(res, errors[index] as Error))
      }
    })
    if (flushes.length > 0) await settledBy(Promise.all(flushes), now() + CUT_FLUSH)
    for (const drain of drains) drain.destroy()
  }

  /** Resolves when no connection is left, nothing is in flight and every loop has ended. */
  async #drained(drains: Drain[]): Promise<void> {
    do {
      await Promise.all(drains.map((drain) => drain.closed()))
      await Promise.all(this.#targets.map((target) => target.idle()))
    } while (this.#inflightCount() > 0)
    await Promise.all(this.#loopsRunning)
  }

  #admits(exchange: Exchange, late: Settings['late']): boolean {
    const path = (exchange.req.url as string).split('?', 1)[0] as string
    if (this.#healthPaths.has(path)) return true
    return (typeof late === 'function' ? late(exchange) : late) !== 'reject'
  }

  #inflight(): Exchange[] {
    return this.#targets.flatMap((target) => [...target.inflight])
  }

  #inflightCount(): number {
    return this.#targets.reduce((sum, target) => sum + target.inflight.size, 0)
  }

  #forced(): void {
    for (const { req, startedAt } of this.#inflight()) {
      this.#log.error(`forced to exit with ${req.method} ${req.url} running, ${Date.now() - startedAt} ms old`)
    }
  }

  /** Measures the phases: each call ends the one before. */
  #phaseTimer(phases: Partial<Record<PhaseName, number>>): (next: PhaseName | undefined) => void {
    let current: PhaseName | undefined
    let since = now()
    return (next) => {
      if (current !== undefined) phases[current] = Math.round(now() - since)
      current = next
      since = now()
    }
  }
}

function sum(counts: ShutdownReport['connections'][]): ShutdownReport['connections'] {
  return counts.reduce(
    (total, { idle, drained, destroyed }) => ({
      idle: total.idle + idle,
      drained: total.drained + drained,
      destroyed: total.destroyed + destroyed,
    }),
    { idle: 0, drained: 0, destroyed: 0 },
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : inspect(error)
}

/** A port that is taken is no bug whose stack one needs. */
function oneLineIfExpected(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE' ? messageOf(error) : inspect(error)
}
