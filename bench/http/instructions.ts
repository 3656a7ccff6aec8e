import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { end, start } from '../child'
import { burst } from '../load'
import { type Workload } from './workloads'

const run = promisify(execFile)
/** Of V8's hashes: every server gets the same few, for the order of a table moves a count. `SEEDS=1` takes half the time. */
const SEEDS = (process.env['SEEDS'] ?? '1,2').split(',').map(Number)
/** Requests before the first that is counted: on the same connection, for the close of one discards optimised code. */
const WARM_UP = 20_000
/** Requests between the moment when counting begins, which has valgrind translate all code anew, and the first window. */
const SETTLE = 500
/** Requests in one window between two dumps of the counter: enough for several collections. */
const WINDOW = 10_000
const WINDOWS = 2
/**
 * A young generation (MB) as large as V8 makes it under load. On one connection it stays small in some servers and not in
 * others, by nothing but what they loaded at their start, and its collections then cost up to 4,000 instructions a request.
 */
const YOUNG_GENERATION = 16

export interface Effort {
  seeds?: readonly number[]
  windows?: number
}

/**
 * User-space instructions a request, by valgrind's callgrind: one connection, one request at a time, the load outside.
 * A figure a seed: the lower of two windows, for the other may hold a compilation.
 */
export async function instructions(server: string, args: string[], workload: Workload, { seeds = SEEDS, windows = WINDOWS }: Effort = {}): Promise<number[]> {
  const counts: number[] = []
  for (const seed of seeds) counts.push(await count(server, args, workload, seed, windows))
  return counts
}

async function count(server: string, args: string[], { request, expected }: Workload, seed: number, windows: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-callgrind-'))
  const under = ['valgrind', '--tool=callgrind', '--instr-atstart=no', `--callgrind-out-file=${join(folder, 'out')}`]
  const child = await start(server, { args, under, node: [`--min-semi-space-size=${YOUNG_GENERATION}`, `--hash-seed=${seed}`, `--random-seed=${seed}`] })
  const control = (action: string) => run('callgrind_control', [action, String(child.process.pid)])
  try {
    const first = WARM_UP + SETTLE
    // Before each request; a dump sets the counter back to 0. One request more than is counted, so that no close is.
    const between = (sent: number): Promise<unknown> | undefined => {
      if (sent === WARM_UP) return control('--instr=on')
      if (sent === first) return control('--zero')
      return sent > first && (sent - first) % WINDOW === 0 ? control('--dump') : undefined
    }
    await burst(child.port, 1, first + windows * WINDOW + 1, request, expected, between)
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
