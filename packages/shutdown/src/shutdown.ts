import cluster from 'node:cluster'
import { type Server } from 'node:net'
import { inspect } from 'node:util'
import { createHealth, type Health, type HealthOptions, type State } from './health'
import { type Hook, Hooks } from './hooks'
import { Log } from './log'
import { Loops } from './loops'
import { settle, type Settings, type ShutdownOptions } from './options'
import { type Parts, Phases } from './phases'
import { type Limits, type Plan, planOf, surroundings } from './plan'
import { type ProcessCause, processSignals, type Stopper } from './process-signals'
import { Readiness, readinessFile } from './readiness'
import { describeExchange, type InFlightRequest, type ShutdownReport } from './report'
import { closerOf, nameOf } from './resource'
import { isSocketIo, SocketIo } from './socket-io'
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
  readonly #loops: Loops
  readonly #stopHooks = new Hooks()
  readonly #cleanupHooks = new Hooks()
  readonly #healths: Health[] = []
  readonly #healthPaths = new Set<string>()
  readonly #parts: Parts
  readonly #stopper: Stopper
  readonly #readiness: Readiness
  #state: State = 'ready'
  #handover = false
  #failed = false
  #asked: (() => void) | undefined = undefined
  #startups = 0
  #report: Promise<ShutdownReport> | undefined = undefined
  #phases: Phases | undefined = undefined

  constructor(target: Stoppable | readonly Stoppable[], options: ShutdownOptions) {
    this.#options = options
    this.#settings = settle(options)
    const { signals, fatal, exit, delay, handover, logger } = this.#settings
    this.#log = new Log(logger)
    this.#loops = new Loops(this.#log)
    this.#claim(target)
    this.#parts = {
      targets: this.#targets,
      webSockets: this.#webSockets,
      loops: this.#loops,
      stopHooks: this.#stopHooks,
      cleanupHooks: this.#cleanupHooks,
      healthPaths: this.#healthPaths,
      log: this.#log,
      terminal: options.logger === undefined ? process.stderr : { write: () => {} },
      enter: (state) => {
        this.#state = state
      },
      failed: () => this.#failed || this.#loops.failed,
      isLast: () => processSignals.isLast(this.#stopper),
    }
    this.#stopper = {
      signals: signals || [],
      fatal,
      exit,
      stop: (cause) => this.#begin(cause, {}),
      forced: () => this.#forced(),
    }
    processSignals.add(this.#stopper)
    this.#readiness = new Readiness(() => this.#state === 'ready' && this.#servers.length > 0 && this.#servers.every(({ listening }) => listening), (error) =>
      this.#log.error(`readiness could not be told: ${(error as Error).message}`, { err: error }))
    if (exit) this.#readiness.add((ready) => ready && notifyReady())
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
  stop(reason = 'stop', overrides: StopOverrides = {}): Promise<ShutdownReport> {
    this.#asked?.()
    try {
      return this.#begin({ reason, signal: null }, overrides)
    } catch (error) {
      return Promise.reject(error) // wrong overrides
    }
  }

  /**
   * Adds what stops with the rest. A server is drained; a framework's instance that has one (Fastify, Nest, Hapi) is
   * closed by its own way in the clean-up, too. A WebSocketServer of npm's ws (close code 1001) and a Server of socket.io
   * tell their clients once the loops have ended, and are waited for. Anything else is a cleanup hook that closes it the
   * gentlest way that it has, and waits for that: quit, close, stop, shutdown, $disconnect, Symbol.asyncDispose, dispose,
   * end, disconnect or destroy; a Writable is ended and flushed. What is closed already is left alone.
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
    if (this.#state === 'stopped') throw new TypeError(`Cannot add hook '${name}': the shutdown has stopped, and runs nothing more`)
    this.#cleanupHooks.add(name, fn, options)
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
    this.#startups++
    if (this.#state === 'ready') this.#state = 'starting'
    try {
      return await promise
    } catch (error) {
      processSignals.fail(this.#stopper, { reason: `start-up '${name}' failed`, signal: null, error })
      return undefined
    } finally {
      if (--this.#startups === 0 && this.#state === 'starting') this.#state = 'ready'
      this.#readiness.check()
    }
  }

  /** A middleware for /livez and /readyz; see Health for plain servers and a port of its own. */
  health(options: HealthOptions = {}): Health {
    const health = createHealth(() => ({ state: this.#state, ready: this.#state === 'ready' || this.#handover }), options)
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

  /** An owner's close() may stop this very shutdown, and would then wait for itself: it has done its part by that. */
  async #closeOwner(close: () => Promise<void>): Promise<void> {
    const asked = new Promise<void>((resolve) => (this.#asked = resolve))
    await Promise.race([close(), asked])
  }

  #begin(cause: ProcessCause, overrides: StopOverrides): Promise<ShutdownReport> {
    if ('error' in cause) {
      this.#failed = true
      this.#handover = false
      this.#log.error(`${cause.reason}: ${oneLineIfExpected(cause.error)}`, { err: cause.error })
    }
    return (this.#report ??= this.#run(cause, settle({ ...this.#options, ...overrides })))
  }

  async #run(cause: ProcessCause, settings: Settings): Promise<ShutdownReport> {
    this.#handover = settings.handover && !this.#failed
    if (!this.#handover) this.#readiness.end()
    this.#phases = new Phases(this.#parts, { ...settings, handover: this.#handover }, cause)
    try {
      return await this.#phases.run()
    } catch (error) {
      this.#log.error(`the stop itself failed: ${inspect(error)}`, { err: error })
      throw error
    } finally {
      this.#phases.end()
      this.#state = 'stopped'
      this.uninstall()
      for (const health of this.#healths) health.close()
    }
  }

  #forced(): void {
    this.#phases?.clearLine()
    for (const { method, path, age } of this.inflight()) {
      this.#log.error(`forced to exit with ${method} ${path} running, ${age} ms old`)
    }
  }
}

function longLivedOf(resource: object): LongLived | undefined {
  if (typeof resource !== 'object' || resource === null) return undefined
  if (isWebSocketServer(resource)) return new WebSockets(resource)
  return isSocketIo(resource) ? new SocketIo(resource) : undefined
}

/** A port that is taken is no bug whose stack one needs. */
function oneLineIfExpected(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE' ? (error as Error).message : inspect(error)
}
