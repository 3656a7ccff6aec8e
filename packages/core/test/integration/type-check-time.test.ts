import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'

const run = promisify(execFile)
const root = resolve(__dirname, '../../../..')

/** One app of 200 middleware: every fifth adds to the state, the others use what was added. */
function source(): string {
  const lines = ["import { App, type Middleware } from '@ebbjs/core'", 'const app0 = new App()']
  for (let i = 0; i < 40; i++) {
    lines.push(`const adds${i}: Middleware<{ field${i}: { n: ${i} } }> = async (ctx, next) => { ctx.state.field${i} = { n: ${i} }; await next() }`)
    lines.push(`export const app${i + 1} = app${i}.use(adds${i})`)
    for (let j = 0; j < 4; j++) {
      lines.push(`  .use(async (ctx, next) => { const n: ${i} = ctx.state.field${i}.n; if (ctx.path === '/${j}') ctx.body = { n, query: ctx.query }; else await next() })`)
    }
  }
  return lines.join('\n')
}

describe('type check', () => {
  it('of an app of 200 middleware takes less than 2 s with TypeScript 7', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ebb-types-'))
    try {
      await mkdir(join(folder, 'node_modules/@ebbjs'), { recursive: true })
      await symlink(join(root, 'packages/core'), join(folder, 'node_modules/@ebbjs/core'))
      await writeFile(join(folder, 'app.ts'), source())
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({
        extends: join(root, 'tsconfig.base.json'),
        compilerOptions: { noEmit: true, customConditions: [], typeRoots: [join(root, 'node_modules/@types')] },
        files: ['app.ts'],
      }))
      const { stdout } = await run(process.execPath, [join(root, 'node_modules/typescript7/bin/tsc'), '-p', folder, '--extendedDiagnostics'])
      const seconds = Number(/Check time:\s+([\d.]+)s/.exec(stdout)?.[1])
      expect(seconds).to.be.lessThan(2)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
