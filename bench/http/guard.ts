import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { printMachine } from '../machine'
import { canCount, instructions } from './instructions'
import { workloads } from './workloads'

const BASELINE = join(__dirname, '../baseline.json')
const WORKLOADS = ['W1', 'W2', 'W3', 'W4', 'W5']
/** How much dearer than the baseline a request may get. */
const TOLERANCE = 1.03
/** One seed, for CI has little time; a third window, for of two both may hold a collection of all (seen in W5: 4 %). */
const EFFORT = { seeds: [1], windows: 3 }

/** Of each workload, by Node's major version: instructions a request as a ratio to bare node:http of the same run. */
type Baseline = Record<string, Record<string, number>>

/**
 * Fails if a request of Ebb costs 3 % more than bench/baseline.json says; `--write` renews it for this version of Node.
 * Compares ratios to bare node:http, counted beside it: absolute counts move with Node's patch version, the machine's
 * libc and its CPU's features, which move both servers alike.
 */
async function guard(): Promise<void> {
  if (!(await canCount())) {
    console.log('bench:guard skipped: it counts instructions with valgrind, and there is none here')
    return
  }
  const baselines = JSON.parse(await readFile(BASELINE, 'utf8')) as Baseline
  const version = process.versions.node.split('.')[0] as string
  const writes = process.argv.includes('--write')
  const baseline = baselines[version]
  if (baseline === undefined && !writes) {
    console.log(`bench:guard skipped: bench/baseline.json says nothing of Node ${version}; npm run bench:guard -- --write adds it`)
    return
  }
  printMachine()
  console.log('| workload | bare node:http | Ebb | ratio | baseline | change |\n|---|---|---|---|---|---|')
  const measured: Record<string, number> = {}
  const dearer: string[] = []
  for (const name of WORKLOADS) {
    const workload = workloads[name]
    if (workload === undefined) throw new RangeError(`There is no workload ${name}`)
    const count = async (server: string): Promise<number> => {
      const [counted] = await instructions(`http/servers/${server}`, [name], workload, EFFORT)
      return counted as number
    }
    const [bare, ebb] = await Promise.all([count('bare'), count('ebb')])
    const ratio = ebb / bare
    measured[name] = Number(ratio.toFixed(4))
    const change = ratio / (baseline?.[name] ?? ratio)
    if (change > TOLERANCE) dearer.push(name)
    console.log(`| ${name} ${workload.title} | ${bare.toFixed(0)} | ${ebb.toFixed(0)} | ${ratio.toFixed(4)} | ${baseline?.[name]?.toFixed(4) ?? '-'} | ${percent(change)} |`)
  }
  if (writes) {
    await writeFile(BASELINE, `${JSON.stringify({ ...baselines, [version]: measured }, null, 2)}\n`)
    console.log(`\nbench/baseline.json renewed for Node ${version}`)
  } else if (dearer.length > 0) {
    console.log(`\nToo dear by more than ${percent(TOLERANCE)}: ${dearer.join(', ')}. If that is the price of something wanted, npm run bench:guard -- --write`)
    process.exitCode = 1
  }
}

const percent = (factor: number): string => `${factor >= 1 ? '+' : ''}${((factor - 1) * 100).toFixed(1)} %`

void guard()
