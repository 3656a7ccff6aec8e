import { channel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { closeListeners, stopListening } from './accept-barrier'
import { loopTurn, now, settledBy, until } from './clock'
import { Drain, sum } from './drain'
import { type State } from './health'
import { type Hooks } from './hooks'
import { type Log } from './log'
import { type Loops } from './loops'
import { hasOwnQueue } from './node/listener'
import { type Settings } from './options'
import { type ProcessCause } from './process-signals'
import { refuse, resetStream } from './refuse'
import { counted, describe, type PhaseName, type ShutdownReport } from './report'
import { activeResources } from './resources'
import { notifyStopping } from './supervisor'
import { Tally } from './tally'
import { type Exchange, pathOf, type Stop, type Target } from './target'
import { describeWaiting, type Terminal, WaitingLine } from './waiting-line'
import { type WebSockets } from './web-sockets'

/** How long (ms) a stop hook may take, unless it says otherwise. */
const STOP_HOOK_TIMEOUT = 1_000
/** How long (ms) after the drain began half-sent requests and handshakes are waited for. */
const HALF_SENT_SHARE = 1_000
/** How long (ms) the 503 of a cut request may take to leave. */
const CUT_FLUSH = 100

/** Publishes `{ phase, reason }` as each phase begins, and `{ phase: 'report', reason, report }` at the end. */
const phaseChannel = channel('@ebbjs/shutdown:phase')

/** What a shutdown has to stop, and where it says so. */
export interface Parts {
  readonly targets: readonly Target[]
  readonly webSockets: readonly WebSockets[]
  readonly loops: Loops
  readonly stopHooks: Hooks
  readonly cleanupHooks: Hooks
  /** Paths that are served also when others are rejected. */
  readonly healthPaths: ReadonlySet<string>
  readonly log: Log
  readonly terminal: Terminal
  enter(state: State): void
  /** Something fatal has happened, before the stop or during it. */
  readonly failed: () => boolean
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
  /** From the drain on: what each target is told then. */
  #stop: Stop | undefined
  /** Responses say `Connection: close`: as long as delay and stop hooks last, and again once the listener is closed. */
  #tells = true
  #current: PhaseName | undefined
  #since = now()

  constructor(parts: Parts, settings: Settings, cause: ProcessCause) {
    this.#parts = parts
    this.#settings = settings
    this.#cause = cause
    this.#line = new WaitingLine(parts.terminal, () => describeWaiting(this.#inflight, this.#waitedFor))
  }

  /** The phases of a stop, in order. Each ends early when it is done. */
  async run(): Promise<ShutdownReport> {
    const { targets, webSockets, loops, stopHooks, cleanupHooks, log } = this.#parts
    const { timeout, delay, abortAfter, cleanupTimeout, handover, spread } = this.#settings
    const { reason, signal } = this.#cause
    const started = now()
    const exitAt = started + timeout - Math.min(100, timeout / 50) // what the report and the exit themselves take
    const cutAt = started + timeout - cleanupTimeout

    // 1. announce: readiness turns 503, responses begin to say `Connection: close`
    this.#enter('announce', 'stopping')
    const delayMs = signal === 'SIGINT' || handover ? 0 : delay
    log.info(`${reason}: stopping within ${timeout} ms; ${counted(this.#inflight.length, 'request')} in flight`, { reason })
    notifyStopping(timeout)
    for (const target of targets) this.#attend(target)
    const announced = stopHooks.together(STOP_HOOK_TIMEOUT, cutAt)

    // 2. lame duck: not ready, still serving everything
    this.#enter('lameDuck')
    if (delayMs > 0) log.info(`not ready, serving for ${delayMs} ms more`)
    await Promise.all([until(started + delayMs), announced])

    // 3. drain: the accept queue is emptied, the listener closed, and only then is anyone told to leave
    this.#enter('drain', 'draining')
    const release = targets.map((target) => target.hold())
    this.#tell(false)
    const queues = new Set(targets.flatMap((target) => [...target.servers]).filter((server) => !handover || hasOwnQueue(server)))
    await closeListeners(queues, cutAt, handover)
    const abortAt = Math.min(now() + abortAfter, cutAt)
    stopListening(targets.flatMap((target) => [...target.servers]).filter((server) => !queues.has(server)), handover) // also those added meanwhile
    this.#tell(true)
    this.#beginStop(abortAt, cutAt)
    loops.stop(this.#errors.values().next().value ?? new Error(`The server is stopping (${reason})`))
    for (const proceed of release) proceed()
    for (const drain of this.#drains.values()) drain.closeConnections(Math.min(spread, abortAfter))
    for (const sockets of webSockets) void sockets.close('The server is stopping', Math.min(spread, abortAfter))
    const done = this.#drained()
    await settledBy(done, Math.min(now() + HALF_SENT_SHARE, abortAt))
    for (const drain of this.#drains.values()) drain.endSilent()
    await settledBy(done, abortAt)

    // 4. abort: who is left is told to stop, and what is answered in time is sent whole
    this.#enter('abort')
    const left = this.#inflight.filter(({ stopPolicy }) => stopPolicy !== 'serve')
    if (left.length > 0) log.info(`aborting ${counted(left.length, 'request')}`)
    for (const exchange of left) this.#tally.abort(exchange)
    for (const drain of this.#drains.values()) drain.abort()
    await settledBy(done, cutAt)

    // 5. cut: a 503 where nothing was sent, a reset where something was
    this.#enter('cut')
    await this.#cut()

    // 6. clean up, after the last handler has ended or was cut
    this.#enter('cleanup', 'cleaning')
    const hooks = [...(await announced), ...(await cleanupHooks.inTurn(exitAt))]

    // 7. report
    this.#enter(undefined, 'stopped')
    this.end()
    await loopTurn() // what was closed in the last instant is no longer active
    const clean = this.#tally.counts.cut === 0 && !this.#parts.failed() && hooks.every(({ error }) => error === undefined)
    const report: ShutdownReport = {
      reason,
      signal,
      phases: this.#took as Record<PhaseName, number>,
      requests: this.#tally.counts,
      connections: sum([...this.#drains.values()].map(({ counts }) => counts)),
      hooks,
      blockers: this.#tally.blockers,
      resources: this.#settings.exit && this.#parts.isLast() ? activeResources() : [],
      exitCode: clean ? 0 : 1,
      clean,
    }
    for (const line of describe(report)) log[clean ? 'info' : 'error'](line, { report })
    if (phaseChannel.hasSubscribers) phaseChannel.publish({ phase: 'report', reason, report })
    return report
  }

  /** Measures the phase before, and tells who watches. */
  #enter(phase: PhaseName | undefined, state?: State): void {
    if (this.#current !== undefined) this.#took[this.#current] = Math.round(now() - this.#since)
    this.#current = phase
    this.#since = now()
    this.#line.clear()
    if (state !== undefined) this.#parts.enter(state)
    if (phase !== undefined && phaseChannel.hasSubscribers) phaseChannel.publish({ phase, reason: this.#cause.reason })
  }

  /** A target that is given while the stop runs: it is where the others are. */
  add(target: Target): void {
    this.#attend(target)
    if (this.#stop === undefined) return
    stopListening(target.servers, this.#settings.handover)
    this.#errors.set(target, target.beginStop(this.#stop))
    this.#drains.get(target)?.closeConnections()
  }

  /** Nothing is waited for, and nobody listened to: also of a stop that has failed half-way. */
  end(): void {
    this.#line.end()
    for (const drain of this.#drains.values()) drain.release()
  }

  /** For what is written beside the log. */
  clearLine(): void {
    this.#line.clear()
  }

  #attend(target: Target): void {
    target.takeOver?.()
    const drain = new Drain(target, (res) => this.#tally.watch(res))
    drain.tells = this.#tells
    this.#drains.set(target, drain)
  }

  /** @param tells - responses say `Connection: close` */
  #tell(tells: boolean): void {
    this.#tells = tells
    for (const drain of this.#drains.values()) drain.tells = tells
  }

  #beginStop(abortAt: number, cutAt: number): void {
    const ends = (exchange: Exchange) => {
      const { stopPolicy } = exchange
      if (stopPolicy === 'end' || (now() >= abortAt && stopPolicy !== 'serve')) this.#tally.abort(exchange)
    }
    this.#stop = {
      cause: this.#cause.reason,
      abortAt: Date.now() + (abortAt - now()),
      spread: Math.min(this.#settings.spread, this.#settings.abortAfter),
      admit: (exchange) => {
        setImmediate(ends, exchange) // once its route is known
        if (this.#parts.healthPaths.has(pathOf(exchange.req))) return true
        return now() < cutAt && this.#admits(exchange)
      },
    }
    for (const target of this.#parts.targets) this.#errors.set(target, target.beginStop(this.#stop))
    for (const exchange of this.#inflight) ends(exchange)
  }

  #admits(exchange: Exchange): boolean {
    const { late } = this.#settings
    try {
      const answer = typeof late === 'function' ? late(exchange) : late
      if (answer !== 'serve' && answer !== 'reject') {
        this.#parts.log.error(`late returned ${inspect(answer)}, so the request is served: it must return 'serve' or 'reject'`)
      }
      return answer !== 'reject'
    } catch (error) {
      this.#parts.log.error(`late failed, so the request is served: ${String(error)}`, { err: error })
      return true
    }
  }

  async #cut(): Promise<void> {
    const { targets, webSockets, loops, log } = this.#parts
    const flushes: Promise<void>[] = []
    for (const target of targets) {
      for (const exchange of this.#inflightOf(target)) {
        this.#tally.cut(exchange)
        const { req, res, phase } = exchange
        if (phase === 'background' || res.destroyed) continue
        if (!res.headersSent) flushes.push(refuse(res, this.#errors.get(target) as Error))
        else if (req.httpVersionMajor >= 2) flushes.push(resetStream(res))
      }
    }
    for (const name of loops.names) log.error(`loop '${name}' still runs at the cut`)
    if (flushes.length > 0) await settledBy(Promise.all(flushes), now() + CUT_FLUSH)
    for (const sockets of webSockets) sockets.terminate()
    for (const drain of this.#drains.values()) drain.destroy()
  }

  /** Resolves when no connection is left, nothing is in flight and every loop has ended. */
  async #drained(): Promise<void> {
    do {
      await Promise.all([...this.#drains.values()].map((drain) => drain.closed()))
      await Promise.all(this.#parts.targets.map((target) => target.idle()))
      await Promise.all(this.#parts.webSockets.map((sockets) => sockets.closed()))
    } while (this.#inflight.length > 0 || [...this.#drains.values()].some(({ size }) => size > 0))
    await this.#parts.loops.ended()
  }

  get #inflight(): Exchange[] {
    return this.#parts.targets.flatMap((target) => this.#inflightOf(target))
  }

  #inflightOf(target: Target): Exchange[] {
    return [...target.inflight, ...(this.#drains.get(target)?.foreign ?? [])]
  }

  /** What else than requests the stop waits for. */
  get #waitedFor(): string[] {
    if (this.#current === 'cleanup') return ['cleanup hooks']
    const connections = [...this.#drains.values()].reduce((total, drain) => total + drain.size, 0)
    const loops = this.#parts.loops.names.map((name) => `loop '${name}'`)
    return connections > 0 && this.#inflight.length === 0 ? [counted(connections, 'connection'), ...loops] : loops
  }
}
