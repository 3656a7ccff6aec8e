import { now } from './clock'
import { type ConnectionCounts } from './drain'
import { type HookReport } from './hooks'
import { printableWord } from './log'
import { type Exchange, pathOf } from './target'

/** What a stop had to leave behind, or to cut: a request (`age` in ms), a loop, a start-up, or so many WebSockets. */
export type Blocker = RequestBlocker | { loop: string } | { startup: string } | { webSockets: number }

/** A request that had not ended when it was cut. */
export interface RequestBlocker {
  method: string
  path: string
  /** The pattern of its route, where the router tells. */
  route?: string
  /** ms */
  age: number
  phase: Exchange['phase']
  /** The client's address and port, while it is connected. */
  remote?: string
}

/** A request in flight; `age` in ms. */
export interface InFlightRequest {
  method: string
  path: string
  /** The pattern of its route, where the router tells. */
  route: string | null
  age: number
  phase: Exchange['phase']
}

/** A request in flight as tables and reports show it. */
export function describeExchange(exchange: Exchange): InFlightRequest {
  const { req, phase, _matchedRoute: route } = exchange
  return {
    method: String(req.method),
    path: pathOf(req),
    route: typeof route === 'string' ? route : null,
    age: ageOf(exchange),
    phase,
  }
}

export function blockerOf(exchange: Exchange): RequestBlocker {
  const { route, ...request } = describeExchange(exchange)
  const { remoteAddress, remotePort } = exchange.req.socket ?? {}
  return {
    ...request,
    ...(route !== null && { route }),
    ...(remoteAddress !== undefined && { remote: `${remoteAddress}:${remotePort}` }),
  }
}

/** When (ms of `now()`) requests began that were asked about: a clock that is set meanwhile makes none older. */
const began = new WeakMap<Exchange, number>()

function ageOf(exchange: Exchange): number {
  let begun = began.get(exchange)
  if (begun === undefined) began.set(exchange, (begun = now() - Math.max(0, Date.now() - exchange.startedAt)))
  return Math.round(now() - begun)
}

/** How a stop went, as plain JSON; times are ms. */
export interface ShutdownReport {
  /** What began it: a signal's name, or what `stop()` was given. */
  reason: string
  /** The process signal, if one began it. */
  signal: string | null
  /** How long each phase took. */
  phases: Record<PhaseName, number>
  requests: {
    /** Answered whole, never aborted. */
    finished: number
    /** Aborted, then ended by themselves. */
    aborted: number
    /** Destroyed, or answered 503 while their handler still ran. */
    cut: number
  }
  connections: ConnectionCounts
  hooks: HookReport[]
  /** What was still running at the cut. */
  blockers: Blocker[]
  /** Requests whose response was complete and whose handler had not ended when the rest was aborted: nobody waited longer for it. */
  abandoned: RequestBlocker[]
  /** With `exit`, of the last shutdown of the process: timers and other handles that would have kept the process from ending, by Node's names for them. */
  resources: string[]
  exitCode: number
  /** Nothing cut, no hook failed or out of time, no loop, start-up or WebSocket left, nothing fatal: exit code 0. */
  clean: boolean
}

export type PhaseName = 'announce' | 'lameDuck' | 'drain' | 'abort' | 'cut' | 'cleanup'

/** `1 request`, `2 requests` */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** `GET /orders, 4.2 s old` */
export const named = ({ method, path, age }: Pick<RequestBlocker, 'method' | 'path' | 'age'>): string =>
  `${printableWord(method)} ${printableWord(path)}, ${age} ms old`

/** The report in lines that a person reads. */
export function describe(report: ShutdownReport): string[] {
  const { requests, connections, hooks, blockers, abandoned, resources } = report
  const total = Math.round(Object.values(report.phases).reduce((sum, ms) => sum + ms, 0))
  const failed = hooks.filter(({ error }) => error !== undefined)
  return [
    `requests finished ${requests.finished}, aborted ${requests.aborted}, cut ${requests.cut}; ` +
      `connections idle ${connections.idle}, drained ${connections.drained}, destroyed ${connections.destroyed}`,
    ...blockers.map((blocker) => `still running at the cut: ${describeBlocker(blocker)}`),
    ...abandoned.map((request) => `answered, but its handler never ended: ${named(request)}`),
    ...(resources.length > 0 ? [`would have kept the process from ending: ${resources.join(', ')}`] : []),
    ...failed.map(({ name, error }) => `hook '${printableWord(name)}' failed: ${error}`),
    `stopped in ${total} ms, ${report.clean ? 'clean' : 'not clean'}, exit code ${report.exitCode}`,
  ]
}

function describeBlocker(blocker: Blocker): string {
  if ('loop' in blocker) return `loop '${printableWord(blocker.loop)}'`
  if ('startup' in blocker) return `start-up '${printableWord(blocker.startup)}'`
  if ('webSockets' in blocker) return counted(blocker.webSockets, 'WebSocket')
  return named(blocker)
}
