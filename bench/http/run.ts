import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plotBars } from '../bars'
import { printMachine } from '../machine'
import { median, summary } from '../statistics'
import { measureCpu } from './cpu'
import { canCount, instructions } from './instructions'
import { peers } from './peers'
import { workloads } from './workloads'

const PICTURE = join(__dirname, '../../docs/instructions.svg')

/** What was measured of one server in one workload, a figure a round or a seed. */
type Figures = Map<string, Map<string, number[]>>

/**
 * `run.ts instructions|cpu [W1,W2,…] [peer,peer,…]`: a table with a row a peer and a column a workload,
 * each figure with its ratio to bare node:http in the same run.
 */
async function run(): Promise<void> {
  const [, , mode = 'cpu', chosenWorkloads = Object.keys(workloads).join(), chosenPeers = Object.keys(peers).join()] = process.argv
  if (mode === 'instructions' && !(await canCount())) throw new Error('Cannot count instructions without valgrind: install it, or measure cpu')
  printMachine()
  const columns = chosenWorkloads.split(',')
  const rows = chosenPeers.split(',')
  const main: Figures = new Map(rows.map((peer) => [peer, new Map()]))
  const rates: Figures = new Map(rows.map((peer) => [peer, new Map()]))
  for (const name of columns) {
    const workload = workloads[name]
    if (workload === undefined) throw new RangeError(`Cannot measure ${name}: it must be one of ${Object.keys(workloads).join(', ')}`)
    const running = rows.filter((peer) => peers[peer]?.only?.includes(name) ?? true)
    const start = (peer: string) => ({ file: `http/servers/${peers[peer]?.file}`, args: [name, ...(peers[peer]?.args ?? [])] })
    if (mode === 'cpu') {
      for (const [peer, { cpu, rate }] of await measureCpu(new Map(running.map((peer) => [peer, start(peer)])), workload)) {
        main.get(peer)?.set(name, cpu)
        rates.get(peer)?.set(name, rate)
      }
    } else {
      for (const peer of running) {
        const { file, args } = start(peer)
        main.get(peer)?.set(name, (await instructions(file, args, workload)).map((count) => count / 1_000))
      }
    }
    process.stderr.write(`${name} done\n`)
  }
  const unit = mode === 'cpu' ? 'CPU µs a request, median of the rounds' : 'Thousand user-space instructions a request, median of the seeds'
  print(`${unit} (lowest-highest), ratio to bare node:http`, columns, main, 1)
  if (mode === 'cpu') print('Requests a second, median of the rounds (lowest-highest), ratio to bare node:http', columns, rates, 0)
  const bars = [...main].flatMap(([peer, values]) => values.has('W2') ? { label: peers[peer]?.title ?? peer, value: median(values.get('W2') as number[]) } : [])
  if (mode === 'instructions' && bars.length === Object.keys(peers).length) {
    await writeFile(PICTURE, plotBars('Thousand instructions a request: JSON, one param in 50 routes', bars))
  }
}

function print(title: string, columns: string[], figures: Figures, digits: number): void {
  console.log(`\n${title}\n`)
  console.log(`| server | ${columns.map((name) => `${name} ${workloads[name]?.title}`).join(' | ')} |\n|---|${'---|'.repeat(columns.length)}`)
  for (const [peer, values] of figures) {
    const cells = columns.map((name) => {
      const own = values.get(name)
      const bare = figures.get('bare')?.get(name)
      return own === undefined ? '-' : `${summary(own, digits)}${bare === undefined ? '' : ` ${ratio(own, bare).toFixed(2)}`}`
    })
    console.log(`| ${peers[peer]?.title ?? peer} | ${cells.join(' | ')} |`)
  }
}

/** Round by round, or seed by seed: what both had in common falls out. */
function ratio(own: readonly number[], bare: readonly number[]): number {
  return median(own.map((value, index) => value / (bare[index] as number)))
}

void run()
