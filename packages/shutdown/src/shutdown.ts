import cluster from 'node:cluster'
import { type Server } from 'node:net'
import { inspect } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { letListen } from './accept-barrier'
import { LONGEST, now } from './clock'
import { Failures } from './failures'
import { createHealth, type Health, type HealthOptions, type State } from './health'
import { type Hook, type HookOptions, Hooks } from './hooks'
import { IdleWatch } from './idle-watch'
import { Log } from './log'
import { Loops } from './loops'
import { callingRequest } from './node/calling-request'
import { settle, type Settings, type ShutdownOptions } from './options'
import { guardOutlets, outlet } from './outlets'
import { type Parts, Phases } from './phases'
import { type Limits, type Plan, planOf, surroundings } from './plan'
import { type ProcessCause, processSignals, type Stopper } from './process-signals'
import { Readiness, readinessFile } from './readiness'
import { describeExchange, type InFlightRequest, named, type ShutdownReport } from './report'
import { closerOf, nameOf } from './resource'
import { isSocketIo, SocketIo } from './socket-io'
import { Startups } from './startups'
import { notifyReady } from './supervisor'
import { identityOf, isStoppable, ownClosesOf, type Stoppable, subjectsOf, type Target, targetsOf } from './target'
import { isWebSocketServer, type LongLived, WebSockets } from './web-sockets'

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
  readonly #webSockets: LongLived[] = []
  readonly #added = new WeakSet<object>()
  readonly #log: Log
  readonly #failures: Failures
  readonly #loops: Loops
  readonly #startups = new Startups()
  readonly #stopHooks = new Hooks('stop hook', note, ['timeout'])
  readonly #drainHooks = new Hooks('drain hook', note, ['timeout'])
  readonly #cleanupHooks = new Hooks('cleanup hook', note)
  readonly #exitHooks = new Hooks('exit hook', note, ['timeout'])
  readonly #healths: Health[] = []
  readonly #healthPaths = new Set<string>()
  readonly #parts: Parts
  readonly #stopper: Stopper
  readonly #readiness: Readiness
  #state: State = 'ready'
  #handover = false
  readonly #idleWatch: IdleWatch | undefined
  #asked: (() => void) | undefined = undefined
  #report: Promise<ShutdownReport> | undefined = undefined
  #phases: Phases | undefined = undefined

  constructor(target: Stoppable | readonly Stoppable[], options: ShutdownOptions) {
    this.#options = { ...options }
    this.#settings = settle(options)
    const { signals, force, fatal, exit, idle, delay, handover, logger } = this.#settings
    this.#log = new Log(logger)
    this.#failures = new Failures(this.#log)
    this.#loops = new Loops(this.#log)
    this.#claim(target)
    this.#parts = {
      targets: this.#targets,
      webSockets: this.#webSockets,
      loops: this.#loops,
      startups: this.#startups,
      stopHooks: this.#stopHooks,
      drainHooks: this.#drainHooks,
      cleanupHooks: this.#cleanupHooks,
      exitHooks: this.#exitHooks,
      healthPaths: this.#healthPaths,
      log: this.#log,
      terminal: (options.logger === undefined && outlet('stderr')) || { write: () => {} },
      note,
      enter: (state) => {
        this.#state = state
      },
      failed: () => this.#failures.size > 0 || this.#loops.failed,
      isLast: () => processSignals.isLast(this.#stopper),
    }
    const phases = (): Phases | undefined => this.#phases
    const { timeout } = this.#settings
    this.#stopper = {
      signals: signals || [],
      force,
      fatal,
      exit,
      stop: (cause) => this.#begin(cause, {}),
      owns: (server) => this.#servers.includes(server),
      forced: () => this.#forced(),
      answered: () => this.#phases?.callersAnswered() ?? Promise.resolve(),
      get end() {
        return phases()?.end ?? now() + timeout
      },
      get left() {
        return phases()?.left ?? 'a stop that has not begun'
      },
    }
    processSignals.add(this.#stopper)
    this.#readiness = new Readiness(() => this.#isUp, (error) =>
      this.#log.error(`readiness could not be told: ${(error as Error).message}`, { err: error }))
    if (exit !== false) this.#readiness.add((ready) => ready && notifyReady())
    this.#readiness.add((ready) => ready && this.#warn())
    this.#readiness.add((ready) => ready && this.#idleWatch?.busy())
    if (idle > 0) {
      this.#idleWatch = new IdleWatch(idle, this.#targets, () => this.#isUp, () => processSignals.begin(this.#stopper, { reason: `idle for ${idle} ms`, signal: null }))
    }
    if (cluster.isWorker && delay > 0 && !handover) {
      this.#log.error('delay in a cluster worker takes the whole shared port out of rotation: set handover: true')
    }
    if (!isMainThread && signals && signals.length > 0) {
      this.#log.error('process signals do not reach a worker thread: call stop() here when the main thread is told to stop')
    }
  }

  get state(): State {
    return this.#state
  }

  /**
   * Aborts when the drain begins, after the delay; its reason is the stop's error. One signal for the whole process, to
   * which any number of listeners can be added.
   */
  get stopping(): AbortSignal {
    return this.#loops.stopping
  }

  /**
   * Stops: announces, drains, aborts, cuts, cleans up. Idempotent: later calls get the same promise.
   * Does not end the process, and rejects only for a wrong reason or wrong overrides: a part of the stop that fails is in the report.
   * A request of HTTP/1 whose handler calls it, before it waits for anything else, is not waited for, and can answer with
   * the report.
   * @param reason - what the report, the log and `ShutdownError.cause` say
   */
  stop(reason = 'stop', overrides: StopOverrides = {}): Promise<ShutdownReport> {
    this.#asked?.()
    try {
      if (typeof reason !== 'string') throw new TypeError(`Cannot stop for the reason ${inspect(reason)}: it must be a string`)
      const stopped = this.#begin({ reason, signal: null }, overrides)
      const caller = this.#state === 'stopped' ? undefined : callingRequest(this.#targets)
      if (caller !== undefined) this.#phases?.waitsForStop(caller)
      return stopped
    } catch (error) {
      return Promise.reject(error) // wrong overrides
    }
  }

  /**
   * Adds what stops with the rest. A server is drained; a framework's instance that has one (Fastify, Nest, Hapi) is
   * closed by its own way in the clean-up, too. A WebSocketServer of npm's ws (close code 1001) and a Server of socket.io
   * tell their clients once the loops have ended, and are waited for. Anything else is a cleanup hook that closes it the
   * gentlest way that it has, and waits for that: $disconnect, quit, Symbol.asyncDispose, end, close, stop, shutdown,
   * dispose, disconnect or destroy; a Writable is ended and flushed. What is closed already is left alone.
   * The same resource given twice is closed once.
   * @throws TypeError for what has none of them, and for a server that is given twice
   */
  add<T extends object>(resource: T, name?: string): T {
    if (isStoppable(resource)) {
      if (this.#state === 'stopped') throw new TypeError(`Cannot add ${name ?? nameOf(resource)}: the shutdown has stopped, and stops nothing more`)
      for (const target of this.#claim(resource, name)) this.#phases?.add(target)
      return resource
    }
    const sockets = longLivedOf(resource)
    const close = sockets instanceof WebSockets ? undefined : closerOf(resource)
    if (this.#added.has(resource)) return resource
    if (close !== undefined) this.onCleanup(name ?? nameOf(resource), close)
    if (sockets !== undefined) this.#webSockets.push(sockets)
    if (this.#state === 'draining') void sockets?.close('The server is stopping', 0, this.#loops.ended())
    this.#added.add(resource)
    return resource
  }

  /**
   * Gives a stop that runs `ms` more: its abort, its cut and its exit move further away, and systemd is told. For work that
   * goes on well. Does nothing while no stop runs.
   * @throws RangeError if `ms` is not a number above 0, and of a timer's range
   */
  extend(ms: number): void {
    if (!(typeof ms === 'number' && ms > 0 && ms <= LONGEST)) throw new RangeError(`Cannot extend a stop by ${inspect(ms)}: it must be more than 0 ms, and at most ${LONGEST}`)
    if (this.#state === 'stopped') return
    this.#phases?.extend(ms)
    processSignals.guard()
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
   * A hook that runs when the drain begins, together with the other ones: tell the clients of sockets that you own. Clients
   * of a WebSocketServer that `add` knows are told after it.
   * @param options.timeout - ms, default 1_000; clean-up waits for it
   */
  onDrain(name: string, fn: Hook, options: { timeout?: number } = {}): this {
    this.#drainHooks.add(name, fn, options)
    return this
  }

  /**
   * A hook that runs after the last handler has ended or was cut; last registered first. Those of an object
   * (`onCleanup({ db: …, cache: … })`) run side by side.
   * @param options.timeout - ms, default an equal share of the time that is left
   * @param options.after - names of hooks that run before it
   */
  onCleanup(name: string, fn: Hook, options?: HookOptions): this
  onCleanup(hooks: Record<string, Hook>, options?: HookOptions): this
  onCleanup(first: string | Record<string, Hook>, second?: Hook | HookOptions, third?: HookOptions): this {
    const together = typeof first === 'object' && first !== null
    const hooks = together ? Object.entries(first) : ([[first, second as Hook]] as const)
    const names = hooks.map(([name]) => name).join("', '")
    if (hooks.length === 0) throw new TypeError('Cannot add hooks {}: there must be one at least')
    if (this.#state === 'stopped') throw new TypeError(`Cannot add hook '${names}': the shutdown has stopped, and runs nothing more`)
    this.#cleanupHooks.addGroup(hooks, together ? (second as HookOptions | undefined) : third)
    return this
  }

  /**
   * A hook that runs when all else is done and the report is made, together with the other ones: flush telemetry and logs.
   * Its failure is logged, and changes neither report nor exit code.
   * @param options.timeout - ms, default what is left
   */
  onExit(name: string, fn: Hook, options: { timeout?: number } = {}): this {
    this.#exitHooks.add(name, fn, options)
    return this
  }

  /**
   * Runs work that goes on until the server drains: its signal aborts then, and clean-up waits for it.
   * @param fn - gets the signal; should return soon after it has aborted
   */
  loop(name: string, fn: (stopping: AbortSignal) => Promise<unknown>): void {
    this.#loops.run(name, fn)
  }

  /**
   * Not ready until `promise` has settled. If it rejects, what had started is stopped and cleaned up, exit code 1.
   * @returns the promise's value, or undefined if it failed
   */
  async startup<T>(name: string, promise: Promise<T>): Promise<T | undefined> {
    if (typeof (promise as Promise<T> | undefined)?.then !== 'function') {
      throw new TypeError(`Cannot wait for start-up '${name}' of ${inspect(promise)}: it must be a promise`)
    }
    if (this.#state === 'ready') this.#state = 'starting'
    try {
      return await this.#startups.add(name, promise)
    } catch (error) {
      this.#startupFailed(`start-up '${name}' failed`, error)
      return undefined
    } finally {
      if (this.#startups.size === 0 && this.#state === 'starting') this.#state = 'ready'
      this.#readiness.check()
    }
  }

  /** A middleware for /livez and /readyz; see Health for plain servers and a port of its own. */
  health(options: HealthOptions = {}): Health {
    const health = createHealth(() => ({ state: this.#state, ready: this.#state === 'ready' || this.#handover }), options, this.#log)
    for (const path of health.paths) this.#healthPaths.add(path)
    this.#healths.push(health)
    if (options.file !== undefined) this.#readiness.add(readinessFile(options.file))
    return health
  }

  /** The requests in flight, as a table: method, path, route, age (ms), phase. */
  inflight(): InFlightRequest[] {
    return this.#targets.flatMap((target) => [...target.inflight].map(describeExchange))
  }

  /**
   * The timeline of a stop, and warnings where it does not fit its surroundings. Logs both.
   * @param limits - of whoever kills the process in the end; those of Kubernetes, systemd and PM2 are taken for their
   * defaults where the environment tells that one of them is there
   */
  plan(limits: Limits = {}): Plan {
    const plan = planOf(this.#settings, limits, surroundings(this.#servers))
    for (const { phase, from, until } of plan.timeline) this.#log.info(`plan: ${phase} ${from === until ? `at ${from}` : `from ${from} to ${until}`} ms`)
    for (const warning of plan.warnings) this.#log.error(`plan: ${warning}`)
    return plan
  }

  /** Takes every listener on the process back. A stop that runs goes on. */
  uninstall(): void {
    processSignals.remove(this.#stopper)
    this.#readiness.end()
    this.#idleWatch?.end()
    const runs = this.#report !== undefined && this.#state !== 'stopped'
    for (const target of this.#targets) {
      processSignals.targets.delete(identityOf(target))
      if (!runs) target.release?.()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('dispose')
  }

  get #servers(): Server[] {
    return this.#targets.flatMap(({ servers }) => [...servers])
  }

  /** All or none of them. */
  #claim(given: Stoppable | readonly Stoppable[], hook?: string): Target[] {
    const subjects = subjectsOf(given)
    if (subjects.length === 0) throw new TypeError('Cannot shut down []: it must have an App or a server')
    const twice = subjects.find((one, index) => processSignals.targets.has(one) || subjects.indexOf(one) !== index)
    if (twice !== undefined) {
      throw new TypeError(`Cannot shut down ${twice.constructor.name} twice: one shutdown must own it (uninstall() the first)`)
    }
    for (const one of subjects) processSignals.targets.add(one)
    const targets = targetsOf(subjects)
    this.#targets.push(...targets)
    for (const { name, close } of ownClosesOf(given)) this.#cleanupHooks.add(hook ?? name, () => this.#closeOwner(close))
    return targets
  }

  /** One that ends because the server stops, as it was told to, has not failed. */
  #startupFailed(reason: string, error: unknown): void {
    const { stopping } = this
    if (stopping.aborted && (error === stopping.reason || (error as Error | undefined)?.name === 'AbortError')) return
    if (this.#report !== undefined || !processSignals.begin(this.#stopper, { reason, signal: null, error })) this.#failures.add(reason, error)
  }

  /** All servers listen, and start-up is done. */
  get #isUp(): boolean {
    return this.#state === 'ready' && this.#servers.length > 0 && this.#servers.every(({ listening }) => listening)
  }

  /** An owner's close() may stop this very shutdown, and would then wait for itself: it has done its part by that. */
  async #closeOwner(close: () => Promise<void>): Promise<void> {
    const asked = new Promise<void>((resolve) => (this.#asked = resolve))
    await Promise.race([close(), asked])
  }

  #begin(cause: ProcessCause, overrides: StopOverrides): Promise<ShutdownReport> {
    const settings = this.#report === undefined ? settle({ ...this.#options, ...checkOverrides(overrides) }) : undefined
    if ('error' in cause) {
      this.#handover = false
      if (this.#report !== undefined) this.#readiness.end()
      this.#phases?.hurry()
      this.#failures.add(cause.reason, cause.error)
    }
    if (settings === undefined || this.#report !== undefined) return this.#report as Promise<ShutdownReport>
    // There before anything is called that may call stop() itself: a logger, a hook, a subscriber.
    let begin: (run: Promise<ShutdownReport>) => void = () => {}
    this.#report = new Promise((resolve) => (begin = resolve))
    begin(this.#run(cause, settings))
    return this.#report
  }

  async #run(cause: ProcessCause, settings: Settings): Promise<ShutdownReport> {
    const unguard = guardOutlets()
    this.#handover = (cause.handover ?? settings.handover) && this.#failures.size === 0
    this.#idleWatch?.end()
    this.#phases = new Phases(this.#parts, { ...settings, handover: this.#handover }, cause)
    if (!this.#handover) this.#readiness.end()
    try {
      return await this.#phases.run()
    } catch (error) {
      this.#log.error(`the stop itself failed: ${inspect(error)}`, { err: error })
      throw error
    } finally {
      this.#phases.release()
      if (!processSignals.exits) letListen(this.#servers)
      this.#state = 'stopped'
      this.uninstall()
      for (const health of this.#healths) health.close()
      this.#failures.end()
      unguard()
    }
  }

  /** What may go wrong at a stop that is yet to come: said once, when the process is up. */
  #warn(): void {
    const problems = [...planOf(this.#settings, {}, surroundings(this.#servers)).warnings, ...this.#cleanupHooks.problems]
    for (const problem of problems) this.#log.error(problem)
  }

  async #forced(): Promise<unknown> {
    this.#phases?.clearLine()
    const requests = this.inflight()
    for (const request of requests.slice(0, NAMED)) this.#log.error(`forced to exit with ${named(request).replace(', ', ' running, ')}`)
    if (requests.length > NAMED) this.#log.error(`forced to exit with ${requests.length - NAMED} more running`)
    return this.#exitHooks.together(LONGEST, Infinity, 'forced')
  }
}

/** Something of the user's is about to be called: the watchdog writes down what is left before. */
const note = (): void => processSignals.note()

/** How many requests are named when the exit is forced. */
const NAMED = 5
const OVERRIDES: readonly string[] = ['handover', 'delay', 'timeout', 'abortAfter']

/** Without what is undefined, which changes nothing. @throws TypeError for what one stop cannot have of its own */
function checkOverrides(overrides: StopOverrides): StopOverrides {
  if (typeof overrides !== 'object' || overrides === null || Array.isArray(overrides)) throw new TypeError(`Cannot stop with ${inspect(overrides)}: it must be an object`)
  const other = Object.keys(overrides).find((name) => !OVERRIDES.includes(name))
  if (other !== undefined) throw new TypeError(`Cannot stop with ${other} of its own: one stop may have ${OVERRIDES.join(', ')}`)
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
}

function longLivedOf(resource: object): LongLived | undefined {
  if (typeof resource !== 'object' || resource === null) return undefined
  if (isWebSocketServer(resource)) return new WebSockets(resource)
  return isSocketIo(resource) ? new SocketIo(resource) : undefined
}
