import { readFileSync } from 'node:fs'
import { type Server } from 'node:net'
import path from 'node:path'
import { type Settings } from './options'
import { type PhaseName } from './report'

/** The limits of whoever kills the process in the end, where they are not at their defaults. */
export interface Limits {
  /** Kubernetes, in s. Default there: 30. */
  terminationGracePeriodSeconds?: number
  /** How long (s) a preStop hook takes: it counts against the same limit. */
  preStopSeconds?: number
  /** systemd, in s. Default there: 90. */
  timeoutStopSec?: number
  /** PM2, in ms. Default there: 1_600. */
  killTimeout?: number
}

/** The timeline of a stop, ms from the signal, and what does not fit. */
export interface Plan {
  timeline: { phase: PhaseName | 'exit'; from: number; until: number }[]
  warnings: string[]
}

/** Load balancers keep idle connections for about this long (ms). */
const BALANCER_IDLE = 60_000

/** What a plan is made of, beside the settings: the process it is for. */
export interface Surroundings {
  servers: readonly Server[]
  env: NodeJS.ProcessEnv
  pid: number
  /** The command line of PID 1, where there is a /proc. */
  init: string
  /** Those of the processes between PID 1 and this one, the nearest first. */
  parents: readonly string[]
}

export function surroundings(servers: readonly Server[]): Surroundings {
  const parents: string[] = []
  for (let pid = process.ppid; pid > 1 && parents.length < 20; pid = parentOf(pid)) parents.push(commandOf(pid))
  return { servers, env: process.env, pid: process.pid, init: commandOf(1), parents }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return '' // no /proc, or not ours to read
  }
}

/** 1 where it cannot be told. */
function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^PPid:\s+(\d+)$/m)?.[1] ?? 1)
  } catch {
    return 1
  }
}

export function planOf(settings: Settings, limits: Limits, around: Surroundings): Plan {
  const { timeout, delay, abortAfter, cleanupTimeout, handover } = settings
  const drain = handover ? 0 : delay
  const abort = Math.min(drain + abortAfter, timeout - cleanupTimeout)
  const cut = timeout - cleanupTimeout
  return {
    timeline: [
      { phase: 'announce', from: 0, until: 0 },
      { phase: 'lameDuck', from: 0, until: drain },
      { phase: 'drain', from: drain, until: abort },
      { phase: 'abort', from: abort, until: cut },
      { phase: 'cut', from: cut, until: cut },
      { phase: 'cleanup', from: cut, until: timeout },
      { phase: 'exit', from: timeout, until: timeout },
    ],
    warnings: [...tooLong(timeout, limits, around.env), ...noLameDuck(settings, limits, around.env), ...keepAliveTooShort(around.servers), ...signalSwallowed(around)],
  }
}

function tooLong(timeout: number, limits: Limits, env: NodeJS.ProcessEnv): string[] {
  const preStop = (limits.preStopSeconds ?? 0) * 1_000
  const pods = limits.terminationGracePeriodSeconds ?? (env['KUBERNETES_SERVICE_HOST'] === undefined ? undefined : 30)
  const units = limits.timeoutStopSec ?? (env['INVOCATION_ID'] === undefined || env['NOTIFY_SOCKET'] !== undefined ? undefined : 90)
  const pm2 = limits.killTimeout ?? (env['pm_id'] === undefined ? undefined : Number(env['kill_timeout'] ?? 1_600))
  const known: [name: string, ms: number | undefined][] = [
    [`terminationGracePeriodSeconds, ${pods} s${preStop > 0 ? `, less ${preStop / 1_000} s of preStop` : ''}`, pods && pods * 1_000 - preStop],
    [`TimeoutStopSec, ${units} s`, units && units * 1_000],
    [`PM2's kill_timeout, ${pm2} ms`, pm2],
  ]
  return known
    .filter(([, ms]) => ms !== undefined && timeout >= ms)
    .map(([name]) => `timeout is ${timeout} ms: the process is killed before, by ${name}`)
}

function keepAliveTooShort(servers: readonly Server[]): string[] {
  return servers
    .map((server) => (server as Server & { keepAliveTimeout?: number }).keepAliveTimeout)
    .filter((ms): ms is number => ms !== undefined && ms > 0 && ms < BALANCER_IDLE)
    .map(
      (ms) =>
        `keepAliveTimeout is ${ms} ms: a balancer that keeps idle connections for 60 s meets closed ones, and answers 502; set it to more than the balancer's`,
    )
}

/** A pod's endpoints are taken out of rotation beside SIGTERM, not before it. */
function noLameDuck({ delay, handover }: Settings, limits: Limits, env: NodeJS.ProcessEnv): string[] {
  if (env['KUBERNETES_SERVICE_HOST'] === undefined || delay > 0 || handover || (limits.preStopSeconds ?? 0) > 0) return []
  return ['delay is 0 ms: Kubernetes sends requests for some seconds after SIGTERM, and they are refused; set delay to 5_000, or a preStop hook that sleeps']
}

/** npm and shells do not pass SIGTERM on: as PID 1, or between an init and this process, they keep it, and the process is killed when the time is over. */
function signalSwallowed({ pid, init, parents }: Surroundings): string[] {
  if (pid === 1) return []
  if (swallows(init)) return [`PID 1 is '${init}', which does not pass SIGTERM on: start node itself, or with exec`]
  const between = INITS.test(programOf(init)) ? parents.find(swallows) : undefined
  if (between === undefined) return []
  return [`'${between}' stands between PID 1, '${init}', and this process, and does not pass SIGTERM on: start node itself, or with exec`]
}

const INITS = /^(tini|dumb-init|docker-init|catatonit|s6-svscan)$/
const swallows = (command: string): boolean => /^(npm|npx|yarn|yarnpkg|pnpm|sh|bash|dash|ash|zsh)$/.test(programOf(command))

/** `node /usr/local/bin/yarn start` is yarn: its script is its name. */
function programOf(command: string): string {
  const [program = '', script = ''] = command.split(' ')
  const name = path.basename(program)
  return name === 'node' ? path.basename(script).replace(/(-cli)?\.c?js$/, '') : name
}
