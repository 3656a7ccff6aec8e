import { github } from '../../packages/router/test/tables/github'
import { printMachine } from '../machine'
import { build } from './build'
import { hostile } from './hostile'
import { instructions } from './instructions'
import { type Figures, nanoseconds } from './nanoseconds'
import { generated, githubTable, syntaxTable } from './table'

function print(title: string, figures: Figures): void {
  const kinds = [...new Set(Object.values(figures).flatMap((costs) => Object.keys(costs)))]
  console.log(`\n${title}\n${''.padEnd(26)}${kinds.map((kind) => kind.padStart(11)).join('')}`)
  for (const [name, costs] of Object.entries(figures)) {
    console.log(name.padEnd(26) + kinds.map((kind) => (costs[kind]?.toFixed(0) ?? '-').padStart(11)).join(''))
  }
}

async function costs(): Promise<void> {
  const table = githubTable(github)
  print(`ns a match, GitHub's REST API (${table.rows.length} routes)`, await nanoseconds(table.rows, table.asks))
  for (const size of [10, 100, 1_000, 10_000]) {
    const { rows, asks } = generated(size)
    print(`ns a match, ${size} routes`, await nanoseconds(rows, asks))
  }
  const syntax = syntaxTable()
  const { ebb = {}, 'path-to-regexp in a loop': loop = {} } = await nanoseconds(syntax.rows, syntax.asks)
  print("ns a match, path-to-regexp's language", { ebb, 'path-to-regexp in a loop': loop })
}

async function building(): Promise<void> {
  console.log('\nBuilding 10,000 routes, first match included: CPU ms, bytes a route')
  const { rows } = generated(10_000)
  for (const name of ['ebb', 'find-my-way', 'rou3', 'hono TrieRouter', '@koa/router', 'path-to-regexp in a loop']) {
    const { ms, bytes } = await build(name, rows, 3)
    console.log(`${name.padEnd(26)}${ms.toFixed(0).padStart(11)}${bytes.toFixed(0).padStart(11)}`)
  }
}

function hostilePaths(): void {
  console.log('\nThe slowest path of each pattern, of 10 kB (bar 1 ms) and 100 kB (bar 10 ms): ms')
  for (const { pattern, unit, small, large } of hostile().slice(0, 12)) {
    console.log(`${pattern.padEnd(52)}${small.toFixed(2).padStart(7)}${large.toFixed(2).padStart(8)}  ${JSON.stringify(unit)}${small < 1 && large < 10 ? '' : '  over the bar'}`)
  }
}

async function callgrind(): Promise<void> {
  const { syntax = {}, ...tables } = await instructions()
  print('Instructions a match, Ebb', tables)
  print("Instructions a match, path-to-regexp's language", { ebb: syntax })
}

const parts = { costs, building, hostile: hostilePaths, callgrind }

/** Names of parts as arguments; by default what needs no valgrind. */
async function run(names: string[]): Promise<void> {
  printMachine()
  for (const name of names.length > 0 ? names : ['costs', 'building', 'hostile']) await parts[name as keyof typeof parts]()
}

void run(process.argv.slice(2))
