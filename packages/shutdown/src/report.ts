import { type ConnectionCounts } from './drain'
import { type HookReport } from './hooks'
import { type Exchange, pathOf } from './target'

/** A request that had not ended when it was cut; `age` in ms. */
export interface Blocker {
  method: string
  path: string
  age: number
}

/** A request in flight; `age` in ms. */
export interface InFlightRequest extends Blocker {
  /** The pattern of its route, where the router tells. */
  route: string | null
  phase: Exchange['phase']
}

/** A request in flight as tables and reports show it. */
export function describeExchange({ req, startedAt, phase, _matchedRoute: route }: Exchange): InFlightRequest {
  return {
    method: req.method as string,
    path: pathOf(req),
    route: typeof route === 'string' ? route : null,
    age: Date.now() - startedAt,
    phase,
  }
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
  /** The requests that were still running at the cut. */
  blockers: Blocker[]
  /** With `exit`, of the last shutdown of the process: timers and other handles that would have kept the process from ending, by Node's names for them. */
  resources: string[]
  exitCode: number
  /** Nothing cut, no hook failed or out of time, nothing fatal: exit code 0. */
  clean: boolean
}

export type PhaseName = 'announce' | 'lameDuck' | 'drain' | 'abort' | 'cut' | 'cleanup'

/** `1 request`, `2 requests` */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** The report in lines that a person reads. */
export function describe(report: ShutdownReport): string[] {
  const { requests, connections, hooks, blockers } = report
  const total = Math.round(Object.values(report.phases).reduce((sum, ms) => sum + ms, 0))
  const failed = hooks.filter(({ error }) => error !== undefined)
  return [
    `requests finished ${requests.finished}, aborted ${requests.aborted}, cut ${requests.cut}; ` +
      `connections idle ${connections.idle}, drained ${connections.drained}, destroyed ${connections.destroyed}`,
    ...blockers.map(({ method, path, age }) => `still running at the cut: ${method} ${path}, ${age} ms old`),
    ...(report.resources.length > 0 ? [`would have kept the process from ending: ${report.resources.join(', ')}`] : []),
    ...failed.map(({ name, error }) => `hook '${name}' failed: ${error}`),
    `stopped in ${total} ms, ${report.clean ? 'clean' : 'not clean'}, exit code ${report.exitCode}`,
  ]
}
