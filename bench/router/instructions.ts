import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { type Figures } from './nanoseconds'

const run = promisify(execFile)

/**
 * User-space instructions a match, by valgrind's callgrind, for tables of several sizes. The process matches in windows;
 * the lowest of several counts: the others hold a compilation or a collection more.
 */
export async function instructions(): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-callgrind-'))
  const node = [process.execPath, ...process.execArgv, join(__dirname, 'counted.ts')]
  const child = spawn('valgrind', ['--tool=callgrind', '--instr-atstart=no', `--callgrind-out-file=${join(folder, 'out')}`, ...node], { stdio: ['pipe', 'pipe', 'ignore'] })
  const control = (...action: string[]) => run('callgrind_control', [...action, String(child.pid)])
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => String((await lines.next()).value).split('\t') as [string, string, string]

  const figures: Figures = {}
  try {
    for (let line = await next(); line[0] !== 'end'; line = await next()) {
      const [step, table, kind] = line
      if (step === 'warm') await control('--instr=on')
      if (step === 'begin') await control('--zero')
      if (step === 'done') {
        await control('--dump')
        const count = (await lastTotal(folder)) / Number(table.split(':')[1])
        const costs = (figures[table.split(':')[0] as string] ??= {})
        costs[kind] = Math.min(costs[kind] ?? Infinity, count)
      }
      child.stdin.write('\n')
    }
    await once(child, 'exit')
    return figures
  } finally {
    child.kill()
    await rm(folder, { recursive: true })
  }
}

/** The total of the last dump. */
async function lastTotal(folder: string): Promise<number> {
  const numbers = (await readdir(folder)).map((name) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0))
  return Number(/^totals: (\d+)/m.exec(await readFile(join(folder, `out.${Math.max(...numbers)}`), 'utf8'))?.[1])
}
