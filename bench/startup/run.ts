import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { printMachine } from '../machine'
import { median, summary } from '../statistics'
import { servers } from './servers'
import { installedSize } from './size'

const ROUNDS = 30

/** ms; CPU is undefined where there is no /proc. */
interface Start {
  wall: number
  cpu: number | undefined
}

/** From `node server.js` to the first answer, read whole. */
async function firstAnswer(file: string): Promise<Start> {
  const began = performance.now()
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  try {
    const [port] = (await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error(`${file} did not listen`)))])) as [Buffer]
    const body = await (await fetch(`http://127.0.0.1:${Number(port)}/users/42`)).text()
    const start = { wall: performance.now() - began, cpu: process.platform === 'linux' ? cpuTime(child.pid as number) : undefined }
    if (body !== '{"id":"42"}') throw new Error(`answered ${body}`)
    return start
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

/** The CPU time (ms) of all threads, V8's own too: /proc/<pid>/stat counts in steps of 10 ms. */
function cpuTime(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  return threads.reduce((sum, thread) => sum + Number.parseInt(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'), 10), 0) / 1e6
}

async function run(): Promise<void> {
  printMachine()
  // Below this folder, so that the packages are found.
  const folder = await mkdtemp(join(__dirname, 'servers-'))
  try {
    const files = new Map<string, string>()
    for (const [name, { source }] of Object.entries(servers)) {
      const path = join(folder, `${name}.js`)
      files.set(name, path)
      await writeFile(path, source)
    }
    const starts = new Map<string, Start[]>([...files.keys()].map((name) => [name, []]))
    for (let round = -2; round < ROUNDS; round++) {
      for (const [name, file] of files) {
        const start = await firstAnswer(file)
        if (round >= 0) starts.get(name)?.push(start)
      }
    }
    print(starts)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function print(starts: Map<string, Start[]>): void {
  console.log(`\nFrom \`node server.js\` to the first answer, ${ROUNDS} interleaved rounds, median (lowest-highest); what npm installs\n`)
  console.log('| server | CPU ms | CPU ms more than bare, round by round | ms | packages | KB | KB without declarations of others |\n|---|---|---|---|---|---|---|')
  const cpuOf = (name: string) => (starts.get(name) as Start[]).map(({ cpu }) => cpu ?? NaN)
  const bare = cpuOf('bare')
  for (const [name, values] of starts) {
    const cpu = cpuOf(name)
    const more = median(cpu.map((ms, round) => ms - (bare[round] as number)))
    const { packages, bytes, types } = installedSize(servers[name]?.packages ?? [])
    console.log(`| ${servers[name]?.title} | ${summary(cpu, 0)} | ${more.toFixed(0)} | ${summary(values.map(({ wall }) => wall), 0)} | ${packages} | ${(bytes / 1024).toFixed(0)} | ${((bytes - types) / 1024).toFixed(0)} |`)
  }
}

void run()
