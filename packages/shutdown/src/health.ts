import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { LONGEST, now, settledBy } from './clock'
import { type Log } from './log'
import { nearest } from './nearest'
import { messageOf } from './thrown'
import { pathOf } from './target'

/** Where a shutdown is: readiness is 200 in 'ready' alone, or all the time of a hand-over. */
export type State = 'starting' | 'ready' | 'stopping' | 'draining' | 'cleaning' | 'stopped'

/** A check of your own: resolves if all is well, throws or rejects with what is not. `timeout` in ms. */
export type Check = (() => unknown) | { check: () => unknown; timeout?: number }

/** Options of `shutdown.health()`. */
export interface HealthOptions {
  /** Checks behind /readyz by name, run together at each probe, each for 1_000 ms at most unless it says otherwise. */
  checks?: Record<string, Check>
  /** Default '/livez'. */
  livez?: string
  /** Default '/readyz'. */
  readyz?: string
  /** A file that is there from when all servers listen and start-up is done until the stop; for probes that are commands. */
  file?: string
}

const OPTIONS: readonly string[] = ['checks', 'livez', 'readyz', 'file']

/** How long (ms) a check may take by default. */
const CHECK_TIMEOUT = 1_000

interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

/** What a middleware needs of a context; Koa's and Ebb's have it. */
interface HealthContext {
  readonly path: string
  readonly method: string
  status: number
  body: unknown
  set(headers: Record<string, string>): void
}

/** A middleware for /livez and /readyz that also serves plain servers and a port of its own. */
export interface Health {
  (ctx: HealthContext, next: () => Promise<void>): Promise<void>
  /** For node:http: answers health paths and 404 for the rest. */
  handler(req: IncomingMessage, res: ServerResponse): void
  /** Serves them on a port of their own, which the stop closes last. Does not keep the process alive. */
  listen(port: number, host?: string): Server
  /** Closes these ports. */
  close(): void
  /** The paths that are always served. */
  readonly paths: readonly string[]
}

/**
 * /livez is 200 as long as the process can answer; /readyz is 503 from the first instant of a stop, while a start-up
 * is not done, and when a check fails. Both answer JSON that names the state, and which checks fail; what they say, which
 * may hold a secret, goes to the log alone, whenever it changes.
 * @param state - where the shutdown is, and whether a hand-over keeps it ready
 * @throws TypeError or RangeError if a check is none
 */
export function createHealth(state: () => { state: State; ready: boolean }, options: HealthOptions = {}, log?: Pick<Log, 'error'>): Health {
  requireOptions(options)
  const { checks = {}, livez = '/livez', readyz = '/readyz' } = options
  for (const [name, check] of Object.entries(checks)) requireCheck(name, check)
  const probes = Object.entries(checks).map(([name, check]) => new Probe(name, check, log))
  const servers: Server[] = []
  const paths = [livez, readyz]

  const answer = async (method: string, path: string): Promise<Answer | undefined> => {
    if (!paths.includes(path)) return undefined
    if (method !== 'GET' && method !== 'HEAD') return json(405, { error: 'Method Not Allowed' }, { Allow: 'GET, HEAD' })
    if (path === livez) return json(200, { state: state().state })
    const results = Object.fromEntries(await Promise.all(probes.map(async (probe) => [probe.name, await probe.result()] as const)))
    const ready = state().ready && Object.values(results).every((result) => result === 'ok')
    const body = { state: state().state, ...(Object.keys(results).length > 0 && { checks: results }) }
    return json(ready ? 200 : 503, body, ready ? {} : { 'Retry-After': '1' })
  }

  const handler = (req: IncomingMessage, res: ServerResponse): void => {
    void answer(req.method as string, pathOf(req)).then((found) => {
      const { status, headers, body } = found ?? json(404, { error: 'Not Found' })
      if (res.headersSent) return
      res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
      res.end(body)
    })
  }

  const middleware = async (ctx: HealthContext, next: () => Promise<void>): Promise<void> => {
    if (!paths.includes(ctx.path)) return next()
    const { status, headers, body } = (await answer(ctx.method, ctx.path)) as Answer
    ctx.status = status
    ctx.set(headers)
    ctx.body = body
  }
  return Object.assign(middleware, {
    handler,
    paths,
    listen: (port: number, host?: string) => {
      const server = createServer(handler)
      servers.push(server)
      return server.listen(port, host).unref()
    },
    close: () => {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  })
}

function json(status: number, body: object, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
    body: JSON.stringify(body),
  }
}

function requireOptions(options: unknown): void {
  const fail = (what: string, rule: string) => new TypeError(`Cannot check health with ${what}: it must be ${rule}`)
  if (typeof options !== 'object' || options === null) throw fail(inspect(options), 'an object of options')
  const misspelt = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (misspelt !== undefined) throw new TypeError(`Cannot check health with option ${misspelt}: there is no such option; the nearest is ${nearest(misspelt, OPTIONS)}`)
  const { checks = {}, livez = '/', readyz = '/', file = '' } = options as Record<string, unknown>
  if (typeof checks !== 'object' || checks === null || Array.isArray(checks)) throw fail(`checks ${inspect(checks)}`, 'an object of functions by name')
  for (const [name, path] of Object.entries({ livez, readyz })) {
    if (typeof path !== 'string' || !path.startsWith('/')) throw fail(`${name} ${inspect(path)}`, "a path that begins with '/'")
  }
  if (typeof file !== 'string') throw fail(`file ${inspect(file)}`, 'the path of a file')
}

function requireCheck(name: string, check: unknown): void {
  if (typeof check === 'function') return
  const { check: fn, timeout = CHECK_TIMEOUT } = (check ?? {}) as Partial<Exclude<Check, () => unknown>>
  if (typeof fn !== 'function') throw new TypeError(`Cannot check health with ${name} ${inspect(check)}: it must be a function`)
  if (!(typeof timeout === 'number' && timeout > 0 && timeout < Infinity)) {
    throw new RangeError(`Cannot check health with ${name}'s timeout ${inspect(timeout)}: it must be more than 0 ms, and finite`)
  }
  if (timeout > LONGEST) throw new RangeError(`Cannot check health with ${name}'s timeout ${timeout}: it must be at most ${LONGEST} ms`)
}

/** One check. Probes that come while it runs share its outcome: one that hangs does not pile up. */
class Probe {
  readonly name: string
  readonly #check: () => unknown
  readonly #timeout: number
  readonly #log: Pick<Log, 'error'> | undefined
  #running: Promise<string> | undefined
  /** What is wrong with it, as it was logged last. */
  #problem = ''

  constructor(name: string, check: Check, log?: Pick<Log, 'error'>) {
    this.name = name
    this.#check = typeof check === 'function' ? check : () => check.check()
    this.#timeout = (typeof check === 'function' ? undefined : check.timeout) ?? CHECK_TIMEOUT
    this.#log = log
  }

  async result(): Promise<'ok' | 'failed'> {
    this.#running ??= (async () => this.#check())().then(() => '', (error: unknown) => messageOf(error) || 'failed').finally(() => (this.#running = undefined))
    const running = this.#running
    const problem = (await settledBy(running, now() + this.#timeout)) ? await running : `no answer within ${this.#timeout} ms`
    if (problem !== '' && problem !== this.#problem) this.#log?.error(`check '${this.name}' failed: ${problem}`)
    this.#problem = problem
    return problem === '' ? 'ok' : 'failed'
  }
}
