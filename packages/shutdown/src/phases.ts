import { channel } from 'node:diagnostics_channel'
import { type Server } from 'node:net'
import { closeListeners, stopListening } from './accept-barrier'
import { now, setImmediate, setTimeout, settledBy, until } from './clock'
import { publish } from './diagnostics'
import { Drain, sum } from './drain'
import { type State } from './health'
import { type HookReport, type Hooks } from './hooks'
import { isServedLate } from './late'
import { type Log, printableWord } from './log'
import { type Loops } from './loops'
import { Moments } from './moments'
import { hasOwnQueue } from './node/listener'
import { type Settings } from './options'
import { type ProcessCause } from './process-signals'
import { refuse, resetStream } from './refuse'
import { ageOf, blockerOf, counted, describe, describeExchange, named, type PhaseName, type RequestBlocker, type ShutdownReport } from './report'
import { activeResources } from './resources'
import { type Startups } from './startups'
import { notifyExtended, notifyStopping } from './supervisor'
import { isAnswered, Tally } from './tally'
import { type Exchange, pathOf, type Stop, type Target } from './target'
import { shown } from './thrown'
import { describeWaiting, type Terminal, WaitingLine } from './waiting-line'
import { type LongLived } from './web-sockets'

/** How long (ms) a hook of the announcement or of the drain may take, unless it says otherwise. */
const HOOK_TIMEOUT = 1_000
/** How long (ms) after the drain began half-sent requests and handshakes are waited for. */
const HALF_SENT_SHARE = 1_000
/** How long (ms) the 503 of a cut request may take to leave. */
const CUT_FLUSH = 100
/** How often (ms) to look whether all requests have ended but those that wait for the stop: no event tells. */
const LOOK_EVERY = 20
/** How many requests are named in last words. */
const NAMED = 5

/** Publishes `{ phase, reason }` as each phase begins, and `{ phase: 'report', reason, report }` at the end. */
const phaseChannel = channel('@ebbjs/shutdown:phase')

/** What a shutdown has to stop, and where it says so. */
export interface Parts {
  readonly targets: readonly Target[]
  readonly webSockets: readonly LongLived[]
  readonly loops: Loops
  readonly startups: Startups
  readonly stopHooks: Hooks
  readonly drainHooks: Hooks
  readonly cleanupHooks: Hooks
  readonly exitHooks: Hooks
  /** Paths that are served also when others are rejected. */
  readonly healthPaths: ReadonlySet<string>
  readonly log: Log
  readonly terminal: Terminal
  enter(state: State): void
  /** Something fatal has happened, before the stop or during it. */
  readonly failed: () => boolean
  /** Something of the user's is about to be called. */
  readonly note: () => void
  /** No other shutdown of this process is left, whose handles would be taken for this one's. */
  readonly isLast: () => boolean
}

/** One stop, from its first instant to its report. */
export class Phases {
  readonly #parts: Parts
  readonly #settings: Settings
  readonly #cause: ProcessCause
  readonly #tally = new Tally()
  readonly #took: Partial<Record<PhaseName, number>> = {}
  readonly #line: WaitingLine
  readonly #drains = new Map<Target, Drain>()
  readonly #errors = new Map<Target, Error>()
  readonly #abandoned: RequestBlocker[] = []
  /** Requests whose handlers wait for this very stop: it cannot wait for them. */
  readonly #callers = new Set<Exchange>()
  #called: () => void = () => {}
  readonly #hasCaller = new Promise<void>((resolve) => (this.#called = resolve))
  readonly #moments: Moments
  /** From the drain on: what each target is told then. */
  #stop: Stop | undefined
  /** Responses say `Connection: close`: as long as delay and stop hooks last, and again once the listener is closed. */
  #tells = true
  #current: PhaseName | undefined
  #since = now()
  #isReleased = false
  #asksLate = false
  /** A part of the stop itself has failed. */
  #failed = false
  #hurry: () => void = () => {}
  readonly #hurried = new Promise<void>((resolve) => (this.#hurry = resolve))

  constructor(parts: Parts, settings: Settings, cause: ProcessCause) {
    this.#parts = parts
    this.#settings = settings
    this.#cause = cause
    this.#moments = new Moments(settings, () => parts.exitHooks.size > 0)
    this.#line = new WaitingLine(parts.terminal, () => describeWaiting(this.#inflight, this.#waitedFor))
  }

  /** When (ms of `now()`) the process ends, whatever is left. */
  get end(): number {
    return this.#moments.end
  }

  /** The phases of a stop, in order. Each ends early when it is done; one that fails is reported, and the next begins. */
  async run(): Promise<ShutdownReport> {
    const { targets, webSockets, loops, stopHooks, drainHooks, cleanupHooks, exitHooks, log } = this.#parts
    const { timeout, handover, spread, abortAfter } = this.#settings
    const { reason } = this.#cause
    const moments = this.#moments
    const hooks: Promise<HookReport[]>[] = []
    const reports: HookReport[] = []
    let done: Promise<unknown> = Promise.resolve()

    // 1. announce: readiness turns 503
    await this.#phase('announce', 'stopping', () => {
      log.info(`${reason}: stopping within ${timeout} ms; ${counted(this.#inflight.length, 'request')} in flight`, { reason })
      notifyStopping(timeout)
      for (const target of targets) this.#attempt(() => this.#attend(target))
      hooks.push(stopHooks.together(HOOK_TIMEOUT, () => moments.cut, reason))
    })

    // 2. lame duck: not ready, still serving everything
    await this.#phase('lameDuck', undefined, async () => {
      if (this.#delay > 0) log.info(`not ready, serving for ${this.#delay} ms more`)
      await Promise.all([Promise.race([until(moments.started + this.#delay), this.#hurried]), ...hooks])
    })

    // 3. drain: the accept queue is emptied, the listener closed, and only then is anyone told to leave
    await this.#phase('drain', 'draining', async () => {
      const release = targets.map((target) => this.#attempt(() => target.hold()))
      this.#tell(false)
      await this.#closeListeners(handover)
      this.#tell(true)
      moments.drained = now()
      this.#attempt(() => this.#beginStop())
      for (const proceed of release) this.#attempt(() => proceed?.())
      for (const drain of this.#drains.values()) this.#attempt(() => drain.closeConnections(Math.min(spread, abortAfter)))
      const told = drainHooks.together(HOOK_TIMEOUT, () => moments.cut, reason)
      hooks.push(told)
      const after = Promise.all([told, loops.ended()]) // the work of messages is a loop, and hooks may have told clients already
      for (const sockets of webSockets) void this.#attempt(() => sockets.close('The server is stopping', Math.min(spread, abortAfter), after))
      done = this.#drained()
      await settledBy(done, () => Math.min(moments.drained + HALF_SENT_SHARE, moments.abort))
      for (const drain of this.#drains.values()) this.#attempt(() => drain.endSilent())
      await settledBy(done, () => moments.abort)
    })

    // 4. abort: who is left is told to stop, and what is answered in time is sent whole
    await this.#phase('abort', undefined, async () => {
      const left = this.#inflight.filter(({ stopPolicy }) => stopPolicy !== 'serve')
      if (left.length > 0) log.info(`aborting ${counted(left.length, 'request')}`)
      for (const exchange of left) this.#attempt(() => this.#abort(exchange))
      for (const sockets of webSockets) this.#attempt(() => sockets.hurry()) // before a FIN follows: a close frame tells more
      for (const drain of this.#drains.values()) this.#attempt(() => drain.abort())
      await settledBy(done, () => moments.cut)
    })

    // 5. cut: a 503 where nothing was sent, a reset where something was
    await this.#phase('cut', undefined, () => this.#cut())

    // 6. clean up, after the last handler has ended or was cut
    await this.#phase('cleanup', 'cleaning', async () => {
      hooks.push(cleanupHooks.inTurn(() => moments.report, reason))
      for (const ran of await Promise.allSettled(hooks)) {
        if (ran.status === 'fulfilled') reports.push(...ran.value)
        else this.#fail(ran.reason)
      }
    })

    // 7. report, and the very last hooks
    this.#enter(undefined, 'stopped')
    this.release()
    const report = await this.#report(reports)
    for (const { name, error } of await exitHooks.together(timeout, () => moments.exit, reason)) {
      if (error !== undefined) log.error(`exit hook '${name}' failed: ${error}`)
    }
    return report
  }

  /** One phase. What fails in it is reported, makes the stop unclean, and keeps no later phase from running. */
  async #phase(name: PhaseName, state: State | undefined, act: () => unknown): Promise<void> {
    try {
      this.#enter(name, state)
      await act()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** One step of a phase that the others do not depend on. */
  #attempt<T>(act: () => T): T | undefined {
    try {
      const result = act()
      if (result instanceof Promise) result.catch((error: unknown) => this.#fail(error))
      return result
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  #fail(error: unknown): void {
    this.#failed = true
    this.#parts.log.error(`${this.#current ?? 'report'}: the stop itself failed: ${shown(error)}`, { err: error })
  }

  /** Measures the phase before, and tells who watches. */
  #enter(phase: PhaseName | undefined, state?: State): void {
    if (this.#current !== undefined) this.#took[this.#current] = Math.round(now() - this.#since)
    this.#current = phase
    this.#since = now()
    this.#parts.note()
    this.#line.clear()
    if (state !== undefined) this.#parts.enter(state)
    if (phase !== undefined) publish(phaseChannel, { phase, reason: this.#cause.reason })
  }

  /** Moves the abort, the cut and the exit `ms` further away. */
  extend(ms: number): void {
    this.#moments.extend(ms)
    notifyExtended(this.end - now())
    if (this.#stop === undefined) return
    this.#stop = { ...this.#stop, abortAt: this.#moments.abortByTheClock }
    for (const target of this.#parts.targets) this.#attempt(() => target.beginStop(this.#stop as Stop))
  }

  /** Something fatal has happened: what is on its way is finished, nothing else is taken on. */
  hurry(): void {
    this.#hurry()
  }

  /** A request's handler waits for this stop: it is answered after it. */
  waitsForStop(exchange: Exchange): void {
    if (this.#asksLate) return // it is not its handler that calls
    this.#callers.add(exchange)
    for (const drain of this.#drains.values()) this.#attempt(() => drain.spare(exchange.req.socket))
    this.#called()
  }

  /** Resolves when those have their answers. */
  async callersAnswered(): Promise<void> {
    await Promise.all([...this.#callers].map(({ res }) => res.closed || new Promise((resolve) => res.once('close', resolve))))
  }

  /** A target that is given while the stop runs: it is where the others are. */
  add(target: Target): void {
    this.#attend(target)
    if (this.#stop === undefined) return
    stopListening(target.servers, this.#settings.handover)
    this.#errors.set(target, target.beginStop(this.#stop))
    const drain = this.#drains.get(target)
    drain?.closeConnections()
    if (this.#current === 'abort') drain?.abort()
    else if (this.#current !== 'drain') drain?.destroy()
  }

  /** Nothing is waited for, and nobody listened to: also of a stop that has failed half-way. */
  release(): void {
    this.#isReleased = true
    this.#line.end()
    for (const drain of this.#drains.values()) this.#attempt(() => drain.release())
  }

  /** For what is written beside the log. */
  clearLine(): void {
    this.#line.clear()
  }

  /** What is left to do, in a few words. */
  get left(): string {
    const requests = this.#inflight.slice(0, NAMED).map((exchange) => named(describeExchange(exchange)))
    const more = this.#inflight.length - requests.length
    const { startups, stopHooks, drainHooks, cleanupHooks, exitHooks } = this.#parts
    const hooks = this.#current === 'cleanup' ? cleanupHooks.left : [stopHooks, drainHooks, exitHooks].flatMap(({ running }) => running)
    const rest = [
      ...requests,
      ...(more > 0 ? [`${counted(more, 'request')} more`] : []),
      ...this.#waitedFor,
      ...startups.names.map((name) => `start-up '${printableWord(name)}'`),
      ...hooks.map((name) => `hook '${printableWord(name)}'`),
    ]
    return `in ${this.#current ?? 'report'}: ${rest.join(', ') || 'nothing that is known'}`
  }

  get #delay(): number {
    const { delay, handover } = this.#settings
    // A person at a terminal, a development run that restarts, a process that is broken, a port that others serve on.
    const skipped = handover || this.#cause.signal === 'SIGINT' || 'error' in this.#cause || process.env['WATCH_REPORT_DEPENDENCIES'] !== undefined
    return skipped ? 0 : delay
  }

  #attend(target: Target): void {
    if (this.#drains.has(target)) return // it was added by what the announcement has called
    target.takeOver?.()
    for (const exchange of target.inflight) ageOf(exchange) // from here on by a clock that nobody sets
    const drain = new Drain(target, (res) => this.#tally.watch(res))
    drain.tells = this.#tells
    this.#drains.set(target, drain)
  }

  #tell(tells: boolean): void {
    this.#tells = tells
    for (const drain of this.#drains.values()) drain.tells = tells
  }

  /** Never fails: with a barrier that does, the listeners are closed all the same. */
  async #closeListeners(handover: boolean): Promise<void> {
    const servers = (): Server[] => this.#parts.targets.flatMap((target) => [...target.servers])
    const queues = servers().filter((server) => !handover || hasOwnQueue(server))
    const closing = this.#attempt(() => closeListeners(queues, this.#moments.cut, handover))
    const closed = closing !== undefined && (await settledBy(closing, () => this.#moments.cut))
    // Those on a queue that others share, and those added meanwhile; all, if the barrier has failed.
    const left = servers().filter((server) => server.listening || !closed || !queues.includes(server))
    for (const server of left) this.#attempt(() => stopListening([server], handover))
  }

  #beginStop(): void {
    const { targets, loops, healthPaths } = this.#parts
    const ends = (exchange: Exchange) => {
      const { stopPolicy } = exchange
      if (stopPolicy === 'end' || (now() >= this.#moments.abort && stopPolicy !== 'serve')) this.#attempt(() => this.#abort(exchange))
    }
    this.#stop = {
      cause: this.#cause.reason,
      abortAt: this.#moments.abortByTheClock,
      spread: Math.min(this.#settings.spread, this.#settings.abortAfter),
      admit: (exchange) => {
        setImmediate(ends, exchange) // once its route is known
        if (healthPaths.has(pathOf(exchange.req))) return true
        return now() < this.#moments.cut && this.#isServed(exchange)
      },
    }
    const stop = this.#stop
    for (const target of targets) {
      const error = this.#attempt(() => target.beginStop(stop))
      if (error !== undefined) this.#errors.set(target, error)
    }
    loops.stop(this.#error())
    for (const exchange of this.#inflight) ends(exchange)
  }

  /** Why requests of this stop abort. */
  #error(target?: Target): Error {
    return (target && this.#errors.get(target)) ?? this.#errors.values().next().value ?? new Error(`The server is stopping (${this.#cause.reason})`)
  }

  #isServed(exchange: Exchange): boolean {
    this.#asksLate = true
    try {
      return isServedLate(this.#settings.late, exchange, this.#parts.log)
    } finally {
      this.#asksLate = false
    }
  }

  /** koa-connect never ends the handler of a request that its middleware has answered: it is told, and not waited for. */
  #abort(exchange: Exchange): void {
    if (!isAnswered(exchange)) return this.#tally.abort(exchange)
    this.#abandoned.push(blockerOf(exchange))
    exchange.abort()
  }

  async #cut(): Promise<void> {
    const { targets, webSockets, loops, startups } = this.#parts
    const flushes: Promise<void>[] = []
    const cut = (target: Target, exchange: Exchange): void => {
      if (isAnswered(exchange)) return void this.#abandoned.push(blockerOf(exchange))
      this.#tally.cut(exchange)
      const { req, res, phase } = exchange
      if (phase === 'background' || res.destroyed) return
      if (!res.headersSent) flushes.push(refuse(res, this.#error(target)))
      else if (req.httpVersionMajor >= 2) flushes.push(resetStream(res))
    }
    for (const target of targets) for (const exchange of this.#inflightOf(target)) this.#attempt(() => cut(target, exchange))
    const left = webSockets.reduce((total, sockets) => total + sockets.left, 0)
    this.#tally.blockers.push(
      ...loops.names.map((loop) => ({ loop })),
      ...startups.names.map((startup) => ({ startup })),
      ...(left > 0 ? [{ webSockets: left }] : []),
    )
    if (flushes.length > 0) await settledBy(Promise.all(flushes), now() + CUT_FLUSH)
    for (const sockets of webSockets) this.#attempt(() => sockets.terminate())
    for (const drain of this.#drains.values()) this.#attempt(() => drain.destroy())
  }

  /** Resolves when no connection is left, nothing is in flight and every loop and start-up has ended. */
  async #drained(): Promise<void> {
    const { targets, webSockets, loops, startups } = this.#parts
    const ended = (waits: readonly { [wait in 'closed' | 'idle']?: () => Promise<void> }[], wait: 'closed' | 'idle') =>
      Promise.all(waits.map((one) => one[wait]?.().catch((error: unknown) => this.#fail(error))))
    do {
      await ended([...this.#drains.values()], 'closed')
      await Promise.race([ended(targets, 'idle'), this.#hasCaller])
      await ended(webSockets, 'closed')
      await loops.ended()
      await startups.settled()
      if (this.#isBusy) await new Promise((resolve) => setTimeout(resolve, this.#callers.size > 0 ? LOOK_EVERY : 0))
    } while (this.#isBusy && !this.#isReleased)
  }

  get #isBusy(): boolean {
    return this.#inflight.length > 0 || [...this.#drains.values()].some(({ size }) => size > 0)
  }

  async #report(hooks: HookReport[]): Promise<ShutdownReport> {
    const { log, failed, isLast } = this.#parts
    const { reason, signal } = this.#cause
    const { blockers, counts } = this.#tally
    const resources = this.#settings.exit !== false && isLast() ? await activeResources() : []
    const clean = blockers.length === 0 && !this.#failed && !failed() && hooks.every(({ error }) => error === undefined)
    const report: ShutdownReport = {
      reason,
      signal,
      phases: this.#took as Record<PhaseName, number>,
      requests: counts,
      connections: sum([...this.#drains.values()].map(({ counts }) => counts)),
      hooks,
      blockers,
      abandoned: this.#abandoned,
      resources,
      exitCode: clean ? 0 : 1,
      clean,
    }
    for (const line of describe(report)) log[clean ? 'info' : 'error'](line, { report })
    publish(phaseChannel, { phase: 'report', reason, report })
    return report
  }

  get #inflight(): Exchange[] {
    return this.#parts.targets.flatMap((target) => this.#inflightOf(target))
  }

  #inflightOf(target: Target): Exchange[] {
    return [...target.inflight, ...(this.#drains.get(target)?.foreign ?? [])].filter((exchange) => !this.#callers.has(exchange))
  }

  /** What else than requests the stop waits for. */
  get #waitedFor(): string[] {
    if (this.#current === 'cleanup') return ['cleanup hooks']
    const connections = [...this.#drains.values()].reduce((total, drain) => total + drain.size, 0)
    const loops = this.#parts.loops.names.map((name) => `loop '${printableWord(name)}'`)
    return connections > 0 && this.#inflight.length === 0 ? [counted(connections, 'connection'), ...loops] : loops
  }
}
