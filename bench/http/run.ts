import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { printMachine } from '../machine'
import { plotBars } from '../bars'
import { measureCpu } from './cpu'
import { instructions } from './instructions'
import { peers } from './peers'
import { workloads } from './workloads'

const PICTURE = join(__dirname, '../../docs/instructions.svg')

/**
 * `run.ts instructions|cpu [W1,W2,…] [peer,peer,…]`: a table with a row a peer and a column a workload,
 * each figure with its ratio to bare node:http in the same run.
 */
async function run(): Promise<void> {
  const [, , mode = 'cpu', chosenWorkloads = Object.keys(workloads).join(), chosenPeers = Object.keys(peers).join()] = process.argv
  printMachine()
  const columns = chosenWorkloads.split(',')
  const rows = chosenPeers.split(',')
  const table = new Map<string, Map<string, number>>(rows.map((peer) => [peer, new Map()]))
  for (const name of columns) {
    const workload = workloads[name]
    if (workload === undefined) throw new Error(`There is no workload ${name}: ${Object.keys(workloads).join(', ')}`)
    const running = rows.filter((peer) => peers[peer]?.only?.includes(name) ?? true)
    const start = (peer: string) => ({ file: `http/servers/${peers[peer]?.file}`, args: [name, ...(peers[peer]?.args ?? [])] })
    if (mode === 'cpu') {
      for (const [peer, value] of await measureCpu(new Map(running.map((peer) => [peer, start(peer)])), workload)) table.get(peer)?.set(name, value)
    } else {
      for (const peer of running) {
        const { file, args } = start(peer)
        table.get(peer)?.set(name, await instructions(file, args, workload))
      }
    }
    process.stderr.write(`${name} done\n`)
  }
  print(mode, columns, table)
  if (mode === 'instructions' && columns.includes('W2')) {
    const bars = [...table].flatMap(([peer, values]) => values.has('W2') ? { label: peers[peer]?.title ?? peer, value: (values.get('W2') as number) / 1_000 } : [])
    await writeFile(PICTURE, plotBars('Thousand instructions a request: JSON, one param in 50 routes', bars))
  }
}

function print(mode: string, columns: string[], table: Map<string, Map<string, number>>): void {
  console.log(`\n${mode === 'cpu' ? 'CPU µs a request' : 'Thousand user-space instructions a request'}, and the ratio to bare node:http\n`)
  console.log(`| server | ${columns.map((name) => `${name} ${workloads[name]?.title}`).join(' | ')} |\n|---|${'---|'.repeat(columns.length)}`)
  for (const [peer, values] of table) {
    const cells = columns.map((name) => {
      const value = values.get(name)
      const bare = table.get('bare')?.get(name)
      if (value === undefined) return '-'
      return `${(mode === 'cpu' ? value : value / 1_000).toFixed(1)}${bare === undefined ? '' : ` (${(value / bare).toFixed(2)})`}`
    })
    console.log(`| ${peers[peer]?.title ?? peer} | ${cells.join(' | ')} |`)
  }
}

void run()
