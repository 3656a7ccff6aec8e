/* Runs under callgrind: says what it does in lines, and waits for a line before it goes on. See instructions.ts. */
import { once } from 'node:events'
import { github } from '../../packages/router/test/tables/github'
import { routers } from './routers'
import { generated, githubTable, syntaxTable } from './table'

const WINDOW = 2_000
const WINDOWS = 5

async function say(line: string): Promise<void> {
  console.log(line)
  await once(process.stdin, 'data')
}

async function run(): Promise<void> {
  const sizes = [10, 100, 1_000, 10_000].map((size) => [`${size} routes`, generated(size)] as const)
  const tables = { GitHub: githubTable(github), ...Object.fromEntries(sizes), syntax: syntaxTable() }
  const filled = Object.entries(tables).map(([name, { rows, asks }]) => ({ name, asks, router: routers['ebb']?.(rows) as { find(method: string, path: string): unknown } }))
  const strings = (path: string) => Array.from({ length: 64 }, () => Buffer.from(path).toString('latin1'))
  for (const { asks, router } of filled) {
    for (const { method, path } of Object.values(asks)) for (let count = 0; count < 20_000; count += 64) for (const one of strings(path)) router.find(method, one)
  }

  await say('warm')
  for (const { name, asks, router } of filled) {
    for (const [kind, { method, path }] of Object.entries(asks)) {
      const paths = strings(path)
      for (let window = 0; window < WINDOWS; window++) {
        await say(`begin\t${name}\t${kind}`)
        for (let count = 0; count < WINDOW; count++) router.find(method, paths[count % 64] as string)
        await say(`done\t${name}:${WINDOW}\t${kind}`)
      }
    }
  }
  console.log('end')
  process.stdin.destroy()
}

void run()
