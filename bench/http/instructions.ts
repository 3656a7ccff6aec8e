import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { end, start } from '../child'
import { burst } from '../load'
import { type Workload } from './workloads'

const run = promisify(execFile)
/** Of V8's hashes: the order of a table decides about 4,000 instructions a request, so every server gets the same few. */
const SEEDS = [1, 2, 3]
/**
 * Connections of WINDOW requests, one after another, before the one that is counted: the close of a connection discards
 * code that V8 had optimised, and after 50,000 requests on a single connection the next is 4 times as dear for a while.
 */
const WARM_UP = 8
/** Requests on the connection that is counted, before they are. */
const SETTLE = 5_000
/** Requests in one window between two dumps of the counter. */
const WINDOW = 2_500
const WINDOWS = 4

/**
 * Compiles when a function has run often enough rather than when a thread has come that far, and collects when memory
 * is full rather than when the clock says so: a machine that is slow under valgrind or under others' work counts the same.
 */
const STEADY = ['--no-concurrent-recompilation', '--no-memory-reducer']

export interface Effort {
  seeds?: readonly number[]
  windows?: number
}

/**
 * User-space instructions a request, by valgrind's callgrind: one connection, one request at a time, the load outside.
 * A figure a seed: the lowest of several windows, since the others hold a compilation or a collection more.
 */
export async function instructions(server: string, args: string[], workload: Workload, { seeds = SEEDS, windows = WINDOWS }: Effort = {}): Promise<number[]> {
  const counts: number[] = []
  for (const seed of seeds) counts.push(await count(server, args, workload, seed, windows))
  return counts
}

async function count(server: string, args: string[], { request, expected }: Workload, seed: number, windows: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-callgrind-'))
  const under = ['valgrind', '--tool=callgrind', '--instr-atstart=no', `--callgrind-out-file=${join(folder, 'out')}`]
  const child = await start(server, { args, under, node: [...STEADY, `--hash-seed=${seed}`, `--random-seed=${seed}`] })
  const control = (action: string) => run('callgrind_control', [action, String(child.process.pid)])
  try {
    for (let connection = 0; connection < WARM_UP; connection++) await burst(child.port, 1, WINDOW, request, expected)
    // Before each request; a dump sets the counter back to 0. One request more than is counted, so that no close is.
    const between = (sent: number): Promise<unknown> | undefined => {
      if (sent === SETTLE / 2) return control('--instr=on')
      if (sent === SETTLE) return control('--zero')
      return sent > SETTLE && (sent - SETTLE) % WINDOW === 0 ? control('--dump') : undefined
    }
    await burst(child.port, 1, SETTLE + windows * WINDOW + 1, request, expected, between)
    return Math.min(...(await totals(folder))) / WINDOW
  } finally {
    await end(child)
    await rm(folder, { recursive: true })
  }
}

/** Whether this machine can count. */
export async function canCount(): Promise<boolean> {
  return run('valgrind', ['--version']).then(() => true, () => false)
}

/** The totals of the dumps; the file without a number is the one that callgrind writes at its end. */
async function totals(folder: string): Promise<number[]> {
  const counts: number[] = []
  for (const name of await readdir(folder)) {
    if (!/\.\d+$/.test(name)) continue
    const match = /^totals: (\d+)/m.exec(await readFile(join(folder, name), 'utf8'))
    if (match !== null) counts.push(Number(match[1]))
  }
  return counts
}
