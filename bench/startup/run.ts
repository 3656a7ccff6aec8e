import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { printMachine } from '../machine'
import { median, summary } from '../statistics'
import { servers } from './servers'
import { installedSize } from './size'

const ROUNDS = 25

/** ms from `node server.js` to the first answer, read whole. */
async function firstAnswer(file: string): Promise<number> {
  const began = performance.now()
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  try {
    const [port] = (await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error(`${file} did not listen`)))])) as [Buffer]
    const body = await (await fetch(`http://127.0.0.1:${Number(port)}/users/42`)).text()
    const took = performance.now() - began
    if (body !== '{"id":"42"}') throw new Error(`answered ${body}`)
    return took
  } finally {
    child.kill('SIGKILL')
    await exited
  }
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
    const times = new Map<string, number[]>([...files.keys()].map((name) => [name, []]))
    for (let round = -2; round < ROUNDS; round++) {
      for (const [name, file] of files) {
        const took = await firstAnswer(file)
        if (round >= 0) times.get(name)?.push(took)
      }
    }
    print(times)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function print(times: Map<string, number[]>): void {
  console.log(`\nFrom \`node server.js\` to the first answer, ${ROUNDS} interleaved rounds, median (lowest-highest); what npm installs\n`)
  console.log('| server | ms | ms more than bare, round by round | packages | KB | KB without declarations of others |\n|---|---|---|---|---|---|')
  const bare = times.get('bare') as number[]
  for (const [name, values] of times) {
    const more = median(values.map((value, round) => value - (bare[round] as number)))
    const { packages, bytes, types } = installedSize(servers[name]?.packages ?? [])
    console.log(`| ${servers[name]?.title} | ${summary(values, 0)} | ${more.toFixed(1)} | ${packages} | ${(bytes / 1024).toFixed(0)} | ${((bytes - types) / 1024).toFixed(0)} |`)
  }
}

void run()
