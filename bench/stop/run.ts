import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { printMachine } from '../machine'
import { summary } from '../statistics'
import { plotBars } from '../bars'
import { stopIdle } from './idle'
import { peers } from './peers'
import { slowReader } from './slow-reader'
import { total, underLoad } from './table'

const STOPS = Number(process.env['STOPS'] ?? 10)
const PICTURE = join(__dirname, '../../docs/requests-lost.svg')

/** `run.ts [peer,peer,…]`: what is lost, cut and waited for when servers stop, Ebb beside its peers in one run; STOPS=10. */
async function run(): Promise<void> {
  printMachine()
  const all = Object.keys(peers)
  const names = process.argv[2]?.split(',') ?? all
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new RangeError(`Cannot stop ${unknown}: it must be one of ${all.join(', ')}`)
  const closed = await underLoad('64 keep-alive clients without a pause', names, STOPS, { clients: 64 })
  const thinking = await underLoad('64 keep-alive clients with pauses of 0-10 ms', names, STOPS, { clients: 64, think: 10 })
  await underLoad('30 clients with a connection a request', names, STOPS, { clients: 30, connectionPerRequest: true })
  await completeness(names)
  await idle(['ebb', 'bare', 'http-terminator', 'fastify'].filter((name) => names.includes(name)))
  if (names.length < all.length) return
  const bars = names.map((name) => ({
    label: peers[name] as string,
    value: (total(closed.get(name) ?? [], 'lost') + total(thinking.get(name) ?? [], 'lost')) / (2 * STOPS),
  }))
  await writeFile(PICTURE, plotBars('Requests lost a stop: SIGTERM under 64 keep-alive clients', bars))
}

async function completeness(names: readonly string[]): Promise<void> {
  console.log('\nA client reads 12 MB at a steady slow pace, SIGTERM at its first bytes; 3 stops each\n')
  console.log('| server | MB that arrive |\n|---|---|')
  for (const name of names) {
    const arrived: number[] = []
    for (let i = 0; i < 3; i++) arrived.push((await slowReader(name)) / 1024 / 1024)
    console.log(`| ${peers[name]} | ${summary(arrived, 1)} |`)
  }
}

async function idle(names: readonly string[]): Promise<void> {
  console.log('\nIdle keep-alive connections: ms from SIGTERM to exit, MB of memory before it\n')
  console.log('| server | 1,000 | 5,000 | 10,000 |\n|---|---|---|---|')
  for (const name of names) {
    const cells: string[] = []
    for (const connections of [1_000, 5_000, 10_000]) {
      const { exit, memory } = await stopIdle(name, connections)
      cells.push(`${exit === undefined ? 'hung' : `${exit.toFixed(0)} ms`}, ${memory.toFixed(0)} MB`)
    }
    console.log(`| ${peers[name]} | ${cells.join(' | ')} |`)
  }
}

void run()
