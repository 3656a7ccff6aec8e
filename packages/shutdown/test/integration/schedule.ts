import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { App } from '@ebbjs/core'
import fc from 'fast-check'
import { type Shutdown, type ShutdownOptions, type ShutdownReport } from '../../src'
import { type Answer, type Client } from '../client'
import { Service } from '../service'

/** What one connection does. Times are ms from the schedule's start; the stop begins at `Schedule.stopAt`. */
export interface Actor {
  does: (typeof kinds)[number]
  at: number
  lasts: number
  /** A client that leaves in the middle. */
  leavesAfter: number | null
}

const kinds = ['silent', 'request', 'keep-alive', 'pipeline', 'half head', 'upload', 'early answer', 'stream', 'honours', 'hangs', 'garbage'] as const

/** What a hook does; those that call the shutdown again, or register others, have not failed. */
interface HookPlan {
  how: (typeof hows)[number]
  ms: number
}

const hows = ['ok', 'ok', 'ok', 'registers', 'stops', 'fails', 'throws null', 'hangs'] as const
const fine: readonly HookPlan['how'][] = ['ok', 'registers', 'stops']

/** What fails beside the hooks, and must change nothing. */
const faults = ['logger throws', 'logger rejects', 'logger writes to a stream that is gone', 'logger stops', 'late throws', 'late stops', 'subscriber throws', 'clock jumps'] as const

export interface Schedule {
  target: 'App' | 'bare'
  late: 'serve' | 'reject'
  delay: 0 | 60
  stopAt: number
  stopsAgain: boolean
  actors: Actor[]
  hooks: HookPlan[]
  stopHooks: HookPlan[]
  drainHooks: HookPlan[]
  faults: (typeof faults)[number][]
}

const hookPlans = fc.array(fc.record({ how: fc.constantFrom(...hows), ms: fc.integer({ min: 0, max: 60 }) }), { maxLength: 3 })

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  target: fc.constantFrom('App', 'bare'),
  late: fc.constantFrom('serve', 'serve', 'reject'),
  delay: fc.constantFrom(0, 0, 60),
  stopAt: fc.integer({ min: 10, max: 200 }),
  stopsAgain: fc.boolean(),
  actors: fc.array(
    fc.record({
      does: fc.constantFrom(...kinds),
      at: fc.integer({ min: 0, max: 350 }),
      lasts: fc.integer({ min: 0, max: 500 }),
      leavesAfter: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 300 }) }),
    }),
    { maxLength: 7 },
  ),
  hooks: hookPlans,
  stopHooks: hookPlans,
  drainHooks: hookPlans,
  faults: fc.subarray([...faults], { maxLength: 3 }),
})

/** Long enough for what is drawn, so that only what hangs reaches the cut; and no default hides behind another. */
const TIMES = { timeout: 3_000, abortAfter: 900, cleanupTimeout: 900 } satisfies ShutdownOptions
/** Of stop and drain hooks (ms): what hangs must not take the requests' time. */
const HOOK_TIMEOUT = 500
const NOW = Date.now
/** What a log's pipe is when its reader has left. */
const GONE = new PassThrough().destroy()
/** What is sent on an open connection within this time (ms) after the listener closed must be answered. */
const PROMISED = 100

/** One request, as its client saw it. */
interface Sent {
  id: string
  actor: Actor
  at: number
  left: boolean
  client: Client
  answer?: Answer
  lost?: string
}

/** Runs a schedule against a real server, and says which promises were broken. */
export class Run {
  readonly #schedule: Schedule
  readonly #begun = performance.now()
  readonly #entered = new Map<string, number>()
  readonly #ended = new Map<string, number>()
  readonly #sent: Sent[] = []
  readonly #hooks: { name: string; at: number; running: string[] }[] = []
  #shutdown: Shutdown | undefined
  /** How many hooks ran that were registered by others. */
  #registered = 0
  #drainingAt = Infinity
  #ids = 0

  constructor(schedule: Schedule) {
    this.#schedule = schedule
  }

  async broken(): Promise<string[]> {
    const { target, delay: lameDuck, stopAt, stopsAgain, actors, hooks, stopHooks, drainHooks } = this.#schedule
    const app = new App()
    app.silent = true
    app.use((ctx) => {
      ctx.respond = false
      ctx.res.statusCode = 200
      return this.#handle(ctx.req, ctx.res, ctx.signal)
    })
    const options = { ...TIMES, late: () => this.#late(), logger: { info: (_: object, line: string) => this.#log(line), error: () => {} }, delay: lameDuck }
    const service = await (target === 'App'
      ? Service.of(app, app.listen(0, '127.0.0.1'), options)
      : Service.handle('http, bare', (req, res) => void this.#handle(req, res), options))
    this.#shutdown = service.shutdown
    hooks.forEach((hook, index) => service.shutdown.onCleanup(`hook ${index}`, () => this.#cleanupHook(`hook ${index}`, hook)))
    stopHooks.forEach((hook, index) => service.shutdown.onStop(`stop ${index}`, () => this.#hook(hook), { timeout: HOOK_TIMEOUT }))
    drainHooks.forEach((hook, index) => service.shutdown.onDrain(`drain ${index}`, () => this.#hook(hook), { timeout: HOOK_TIMEOUT }))
    const undo = this.#breakProcess()
    void service.draining().then(() => (this.#drainingAt = this.#now))

    const acts = actors.map((actor) => this.#act(actor, service))
    await this.#until(stopAt)
    const told = this.#now
    const stopped = service.shutdown.stop('test')
    if (stopsAgain) void service.shutdown.stop('again')
    const report = await stopped
    undo()
    const took = this.#now - told
    const left = await new Promise<number>((resolve) => service.server.getConnections((_, count) => resolve(count)))
    await Promise.all(acts)
    return [...this.#sent.flatMap((sent) => this.#judge(sent)), ...this.#judgeStop(report, took, left, service.server.listening)]
  }

  // ── The server's side ───────────────────────────────────────────────────────────────────────

  async #handle(req: IncomingMessage, res: ServerResponse, signal?: AbortSignal): Promise<void> {
    const { pathname, searchParams } = new URL(req.url as string, 'http://x')
    const id = searchParams.get('id') as string
    const ms = Number(searchParams.get('ms'))
    this.#entered.set(id, this.#now)
    res.on('error', () => {})
    if (pathname === '/hangs') return
    if (pathname === '/stream') res.write('begun ')
    if (pathname === '/upload') await once(req.resume(), 'end').catch(() => {})
    else if (pathname === '/honours' && signal !== undefined) await delay(ms, undefined, { signal }).catch(() => {})
    else if (pathname !== '/early') await delay(ms)
    this.#ended.set(id, this.#now)
    if (!res.writableEnded) res.end(pathname === '/stream' ? id : `begun ${id}`)
  }

  #cleanupHook(name: string, hook: HookPlan): Promise<void> {
    this.#hooks.push({ name, at: this.#now, running: [...this.#entered.keys()].filter((id) => !this.#ended.has(id)) })
    return this.#hook(hook)
  }

  async #hook({ how, ms }: HookPlan): Promise<void> {
    if (how === 'registers') this.#shutdown?.onCleanup('registered', () => void this.#registered++)
    if (how === 'stops') void this.#shutdown?.stop('within')
    await delay(ms)
    if (how === 'fails') throw new Error('drawn to fail')
    if (how === 'throws null') throw null as unknown as Error
    if (how === 'hangs') await new Promise(() => {})
  }

  // ── What fails around it ────────────────────────────────────────────────────────────────────

  #has(fault: Schedule['faults'][number]): boolean {
    return this.#schedule.faults.includes(fault)
  }

  #log(line: string): void | Promise<never> {
    if (this.#has('logger stops') && this.#shutdown?.state !== 'ready') void this.#shutdown?.stop('within the logger')
    if (this.#has('logger writes to a stream that is gone')) GONE.write(line)
    if (this.#has('logger throws')) throw new Error('disk full')
    return this.#has('logger rejects') ? Promise.reject(new Error('log host is down')) : undefined
  }

  #late(): 'serve' | 'reject' {
    if (this.#has('late stops')) void this.#shutdown?.stop('within late')
    if (this.#has('late throws') && this.#schedule.late === 'serve') throw new Error('late is broken')
    return this.#schedule.late
  }

  /** Of the whole process, and so of the schedules beside it, too. */
  #breakProcess(): () => void {
    const { now } = Date
    const fails = (): void => {
      throw new Error('monitoring is broken')
    }
    if (this.#has('clock jumps')) Date.now = () => now() + 3_600_000
    if (this.#has('subscriber throws')) subscribe('@ebbjs/shutdown:phase', fails)
    return () => {
      if (this.#has('clock jumps')) Date.now = NOW
      unsubscribe('@ebbjs/shutdown:phase', fails)
    }
  }

  // ── The clients' side ───────────────────────────────────────────────────────────────────────

  async #act(actor: Actor, service: Service): Promise<void> {
    const { does, at, lasts, leavesAfter } = actor
    await this.#until(at)
    const client = await service.connect().catch(() => undefined)
    if (client === undefined) return // refused: the listener is closed
    if (leavesAfter !== null) setTimeout(() => this.#leave(client), leavesAfter)

    if (does === 'silent') await client.end()
    else if (does === 'garbage') await client.send('\x01\x02 what is this\r\n\r\n').end()
    else if (does === 'request') await this.#answer(client, this.#get(client, actor, '/wait', lasts))
    else if (does === 'stream') await this.#answer(client, this.#get(client, actor, '/stream', lasts))
    else if (does === 'honours') await this.#answer(client, this.#get(client, actor, '/honours', this.#schedule.target === 'App' ? 10_000 : lasts))
    else if (does === 'hangs') await this.#answer(client, this.#get(client, actor, '/hangs', 0))
    else if (does === 'keep-alive') await this.#keepAlive(client, actor)
    else if (does === 'pipeline') await this.#pipeline(client, actor)
    else if (does === 'half head') await this.#halfHead(client, actor)
    else await this.#upload(client, actor, does === 'early answer' ? '/early' : '/upload')
    client.socket.destroy()
  }

  async #keepAlive(client: Client, actor: Actor): Promise<void> {
    const end = this.#now + actor.lasts
    do {
      if (!(await this.#answer(client, this.#get(client, actor, '/wait', actor.lasts % 20)))) return
      await delay(actor.lasts % 7)
    } while (this.#now < end && !client.ended)
    await client.end() // idle until the server ends it
  }

  async #pipeline(client: Client, actor: Actor): Promise<void> {
    const requests = [this.#get(client, actor, '/wait', actor.lasts), this.#get(client, actor, '/wait', 0)]
    await delay(actor.lasts / 2)
    requests.push(this.#get(client, actor, '/wait', 5))
    for (const sent of requests) if (!(await this.#answer(client, sent))) return
  }

  async #halfHead(client: Client, actor: Actor): Promise<void> {
    const id = `${++this.#ids}`
    client.send(`GET /wait?id=${id}&ms=0 HTTP/1.1\r\nHo`)
    const begun = this.#now
    await delay(actor.lasts)
    client.send('st: x\r\n\r\n')
    // from when its first bytes were sent it is waited for, within its share
    await this.#answer(client, this.#send(client, actor, id, begun))
  }

  async #upload(client: Client, actor: Actor, path: string): Promise<void> {
    const id = `${++this.#ids}`
    client.send(`POST ${path}?id=${id}&ms=0 HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n`).send('x'.repeat(100_000))
    const sent = this.#send(client, actor, id)
    await delay(actor.lasts / 2)
    client.send('x'.repeat(200_000))
    await this.#answer(client, sent)
  }

  #get(client: Client, actor: Actor, path: string, ms: number): Sent {
    const id = `${++this.#ids}`
    client.get(`${path}?id=${id}&ms=${ms}`)
    return this.#send(client, actor, id)
  }

  #send(client: Client, actor: Actor, id: string, at = this.#now): Sent {
    const sent: Sent = { id, actor, at, left: false, client }
    this.#sent.push(sent)
    if (client.socket.destroyed) sent.left = true
    return sent
  }

  /** @returns whether another request may follow on this connection */
  async #answer(client: Client, sent: Sent): Promise<boolean> {
    try {
      sent.answer = await client.answer()
      return sent.answer.headers['connection'] !== 'close'
    } catch (error) {
      sent.lost = (error as Error).message
      return false
    }
  }

  #leave(client: Client): void {
    for (const sent of this.#sent) if (sent.client === client && sent.answer === undefined) sent.left = true
    client.socket.destroy()
  }

  // ── The promises ────────────────────────────────────────────────────────────────────────────

  #judge({ id, actor, at, left, answer, lost }: Sent): string[] {
    const name = `${actor.does} (request ${id})`
    if (left) return []
    if (answer === undefined && lost === undefined) return [] // behind one that said close: its client knows
    const promised = at < this.#drainingAt + PROMISED
    if (answer?.status === 200) return answer.body === `begun ${id}` ? [] : [`${name} was answered with ${answer.body}`]
    if (answer?.status === 503) {
      if (actor.does === 'hangs' || this.#schedule.late === 'reject' || !promised) return []
      return [`${name} was answered 503`]
    }
    if (answer !== undefined) return [`${name} was answered ${answer.status}`]
    if (this.#ended.has(id)) return [`${name} was handled, but its answer lost: ${lost}`]
    if (!promised) return []
    return [`${name} was lost: sent at ${at}, drain at ${this.#drainingAt}: ${lost}`]
  }

  #judgeStop(report: ShutdownReport, took: number, connections: number, listening: boolean): string[] {
    const broken: string[] = []
    const check = (fact: boolean, text: string) => fact || broken.push(text)
    const hung = [...this.#entered.keys()].filter((id) => !this.#ended.has(id))
    const plans = [this.#schedule.hooks, this.#schedule.stopHooks, this.#schedule.drainHooks].flat()
    const failing = plans.some(({ how }) => !fine.includes(how))
    check(this.#registered === plans.filter(({ how }) => how === 'registers').length, `${this.#registered} hooks that were registered in the stop ran`)
    check(took < TIMES.timeout + 1_000, `the stop took ${took} ms`)
    check(!listening, 'the server still listens')
    check(connections === 0, `${connections} connections are left`)
    check(report.reason === 'test', `the reason is ${report.reason}`)
    check(report.requests.cut === report.blockers.length, 'each cut request is a blocker')
    check(report.blockers.every((blocker) => 'path' in blocker && blocker.path === '/hangs'), `blockers: ${JSON.stringify(report.blockers)}`)
    check(report.clean === (report.requests.cut === 0 && !failing), `clean is ${report.clean}: ${JSON.stringify(report)}`)
    check(report.exitCode === (report.clean ? 0 : 1), `the exit code is ${report.exitCode}`)
    const names = this.#schedule.hooks.map((_, index) => `hook ${index}`).reverse()
    check(this.#hooks.map(({ name }) => name).join() === names.join(), `hooks ran as ${this.#hooks.map(({ name }) => name).join()}`)
    // a bare server's handler whose client has left is known to nobody
    const known = (id: string) => this.#schedule.target === 'App' || this.#sent.some((sent) => sent.id === id && !sent.left)
    const early = this.#hooks.flatMap(({ running }) => running).filter((id) => !hung.includes(id) && known(id))
    check(early.length === 0, `clean-up began under the handlers of ${early.join()}`)
    return broken
  }

  get #now(): number {
    return performance.now() - this.#begun
  }

  #until(at: number): Promise<void> {
    return delay(Math.max(0, at - this.#now))
  }
}

/**
 * Runs schedules side by side in this process, and says which promises were broken. The promises hold while the event
 * loop turns: what is broken comes with the longest time for which it did not.
 */
export async function brokenIn(batch: readonly Schedule[]): Promise<string[]> {
  const delays = monitorEventLoopDelay({ resolution: 10 })
  delays.enable()
  const broken = (await Promise.all(batch.map((schedule) => new Run(schedule).broken()))).flat()
  delays.disable()
  return broken.map((promise) => `${promise} (the loop stood still for ${Math.round(delays.max / 1e6)} ms at most)`)
}
