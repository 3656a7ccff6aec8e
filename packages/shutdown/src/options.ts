import { Console } from 'node:console'
import { constants } from 'node:os'
import { inspect } from 'node:util'
import { LONGEST } from './clock'
import { nearest } from './nearest'
import { type Exchange } from './target'

/** What to do with a request that arrives after the delay on an open connection. */
export type Late = 'serve' | 'reject'

/** A function that takes a line, or an object like pino's. */
export type Logger =
  | ((line: string, fields: Record<string, unknown>) => void)
  | { info(fields: object, line: string): void; error(fields: object, line: string): void }

/** Options of `gracefulShutdown`; times are ms. */
export interface ShutdownOptions {
  /** The whole stop, from the signal to the exit. Set it under your supervisor's own limit. Default 10_000. */
  timeout?: number
  /** Lame duck: not ready, but still accepting and serving everything. Outlast your balancer's poll. Default 0. */
  delay?: number
  /** After the delay, how long requests may finish before `ctx.signal` aborts. Default: half of timeout − delay. */
  abortAfter?: number
  /** Kept back for the cleanup hooks. Default: a fifth of timeout − delay. */
  cleanupTimeout?: number
  /** Requests that arrive after the delay on open connections. Default 'serve'. Health paths are always served. */
  late?: Late | ((exchange: Exchange) => Late)
  /** Other processes go on accepting on the same socket: no lame duck, readiness stays, and no accept barrier on a queue that is shared. Default false. */
  handover?: boolean
  /** Window over which long-lived connections are told, so that they do not all come back at once. Default 0. */
  spread?: number
  /** Process signals that begin a stop; false: none. Default SIGTERM and SIGINT. */
  signals?: readonly NodeJS.Signals[] | false
  /** Which later signal ends the process at once, with 128 + its number: one of `signals`, 'any' or 'never'. Default 'SIGINT'. */
  force?: NodeJS.Signals | 'any' | 'never'
  /** uncaughtException and unhandledRejection begin a stop too, with exit code 1. Default: true unless `exit` is false. */
  fatal?: boolean
  /**
   * Ends the process after a stop that the process began (a signal, a message, a fatal error, `idle`). 'signal': after a
   * clean stop the signal is raised again with its default action, so that the parent sees it. Default true.
   */
  exit?: boolean | 'signal'
  /** Stops when nothing was in flight and no connection open for so long. Default: never. */
  idle?: number
  /** Where the lines go; false: nowhere. Default: stderr. */
  logger?: Logger | false
}

/** Options with nothing left open; `idle` 0: never. */
export type Settings = Required<ShutdownOptions>

/** The defaults; `abortAfter` and `cleanupTimeout` are shares of what `timeout` leaves after `delay`. */
export const defaults = {
  timeout: 10_000,
  delay: 0,
  abortAfter: 0.5,
  cleanupTimeout: 0.2,
  late: 'serve',
  handover: false,
  spread: 0,
  signals: ['SIGTERM', 'SIGINT'],
  force: 'SIGINT',
  exit: true,
} as const

const TIMES = ['timeout', 'delay', 'abortAfter', 'cleanupTimeout', 'spread', 'idle'] as const

const NAMES: readonly string[] = [...TIMES, 'late', 'handover', 'signals', 'force', 'fatal', 'exit', 'logger']

/**
 * Checks what was given, and fills in the rest. A default shrinks to what explicit values leave.
 * @throws TypeError or RangeError that names option, value and rule
 */
export function settle(options: ShutdownOptions): Settings {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw fail(TypeError, 'options', options, 'they must be an object')
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) throw fail(TypeError, name, options[name as keyof ShutdownOptions], `there is no such option; the nearest is ${nearest(name, NAMES)}`)
  }
  for (const name of TIMES) {
    const value = options[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || Number.isNaN(value)) throw fail(TypeError, name, value, 'it must be a number of ms')
    if (value < 0 || value === Infinity) throw fail(RangeError, name, value, 'it must be 0 or more ms, and finite')
    if (value > LONGEST) throw fail(RangeError, name, value, `it must be at most ${LONGEST} ms, the longest that a timer waits`)
  }
  checkRest(options)

  const timeout = options.timeout ?? defaults.timeout
  const delay = options.delay ?? defaults.delay
  if (options.idle === 0) throw fail(RangeError, 'idle', 0, 'it must be more than 0 ms')
  if (timeout === 0) throw fail(RangeError, 'timeout', timeout, 'it must be more than 0 ms')
  if (delay >= timeout) throw fail(RangeError, 'delay', delay, `it must be less than timeout, ${timeout} ms`)
  const { abortAfter, cleanupTimeout } = options
  const sum = delay + (abortAfter ?? 0) + (cleanupTimeout ?? 0)
  if (sum > timeout) {
    throw new RangeError(
      `Cannot shut down with delay ${delay}, abortAfter ${abortAfter ?? 'unset'} and cleanupTimeout ${cleanupTimeout ?? 'unset'}: ` +
        `together they must be at most timeout, ${timeout} ms`,
    )
  }
  return {
    timeout,
    delay,
    ...shares(timeout - delay, abortAfter, cleanupTimeout),
    late: options.late ?? defaults.late,
    handover: options.handover ?? defaults.handover,
    spread: options.spread ?? defaults.spread,
    signals: options.signals ?? defaults.signals,
    force: options.force ?? defaults.force,
    fatal: options.fatal ?? options.exit !== false,
    exit: options.exit ?? defaults.exit,
    idle: options.idle ?? 0,
    logger: options.logger ?? stderr,
  }
}

/** A line on stderr. A Console of our own: nobody has patched it, and a stderr that is closed does not fail it. */
export function stderr(line: string): void {
  try {
    new Console({ stdout: process.stderr, stderr: process.stderr, ignoreErrors: true }).error('%s', line)
  } catch {
    // There is none.
  }
}

/** Divides the time after the delay; what is not given shrinks to what is left. */
function shares(time: number, abortAfter?: number, cleanupTimeout?: number): Pick<Settings, 'abortAfter' | 'cleanupTimeout'> {
  const cleanup = cleanupTimeout ?? Math.min(time * defaults.cleanupTimeout, time - (abortAfter ?? 0))
  return { cleanupTimeout: cleanup, abortAfter: abortAfter ?? Math.min(time * defaults.abortAfter, time - cleanup) }
}

function checkRest(options: ShutdownOptions): void {
  const { late, signals, force, exit, logger } = options
  for (const name of ['handover', 'fatal'] as const) {
    if (!['undefined', 'boolean'].includes(typeof options[name])) throw fail(TypeError, name, options[name], 'it must be true or false')
  }
  if (exit !== undefined && typeof exit !== 'boolean' && exit !== 'signal') throw fail(TypeError, 'exit', exit, "it must be true, false or 'signal'")
  if (late !== undefined && late !== 'serve' && late !== 'reject' && typeof late !== 'function') {
    throw fail(TypeError, 'late', late, "it must be 'serve', 'reject' or a function that returns one of them")
  }
  if (signals !== undefined && signals !== false && !(Array.isArray(signals) && signals.every((name) => /^SIG[A-Z0-9]+$/.test(String(name))))) {
    throw fail(TypeError, 'signals', signals, "it must be an array of signal names, such as 'SIGTERM', or false")
  }
  for (const name of signals || []) {
    if (name === 'SIGKILL' || name === 'SIGSTOP') throw fail(TypeError, 'signals', signals, `${name} cannot be caught`)
    // Windows has SIGBREAK, and one list may serve both systems.
    if (!(name in constants.signals) && name !== 'SIGBREAK') throw fail(TypeError, 'signals', signals, `this system has no ${name}`)
  }
  const forcing: readonly unknown[] = ['any', 'never', defaults.force, ...(signals || defaults.signals)]
  if (force !== undefined && !forcing.includes(force)) throw fail(TypeError, 'force', force, "it must be one of signals, 'any' or 'never'")
  if (logger !== undefined && logger !== false && typeof logger !== 'function' && !(typeof logger?.info === 'function' && typeof logger.error === 'function')) {
    throw fail(TypeError, 'logger', logger, 'it must be a function, an object with info and error, or false')
  }
}

function fail(Class: typeof TypeError | typeof RangeError, name: string, value: unknown, rule: string): Error {
  return new Class(`Cannot shut down with ${name} ${inspect(value)}: ${rule}`)
}
