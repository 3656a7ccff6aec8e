import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { end, start } from '../child'
import { burst } from '../load'
import { type Workload } from './workloads'

const run = promisify(execFile)
const WARM_UP = 20_000
/** Requests in one window between two dumps of the counter. */
const WINDOW = 2_500
const WINDOWS = 9

/**
 * User-space instructions a request, by valgrind's callgrind: one connection, one request at a time, the load outside.
 * After a warm-up, the lowest of several windows: the others hold a compilation or a collection more.
 */
export async function instructions(server: string, args: string[], { request, expected }: Workload): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-callgrind-'))
  const child = await start(server, { args, under: ['valgrind', '--tool=callgrind', `--callgrind-out-file=${join(folder, 'out')}`] })
  const control = (action: string) => run('callgrind_control', [action, String(child.process.pid)])
  try {
    await burst(child.port, 1, WARM_UP, request, expected)
    for (let window = 0; window < WINDOWS; window++) {
      await control('--zero')
      await burst(child.port, 1, WINDOW, request, expected)
      await control('--dump')
    }
    return Math.min(...(await totals(folder))) / WINDOW
  } finally {
    await end(child)
    await rm(folder, { recursive: true })
  }
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
