import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

const ROOT = join(__dirname, '../../..')

/** Seconds that TypeScript takes to check `source`, as it says itself. */
function check(source: string): number {
  const folder = mkdtempSync(join(__dirname, 'types-'))
  try {
    writeFileSync(join(folder, 'routes.ts'), source)
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../../../tsconfig.base.json', compilerOptions: { noEmit: true }, files: ['routes.ts'] }))
    const { stdout } = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript7/bin/tsc'), '-p', folder, '--extendedDiagnostics'], { encoding: 'utf8' })
    expect(stdout).to.not.match(/routes\.ts.*error/)
    return Number(/Check time:\s*([\d.]+)s/.exec(stdout)?.[1])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('types', () => {
  it('of 200 routes are checked in under 2 s', function () {
    this.timeout(60_000)
    const route = (index: number) => `.get('route${index}', '/things${index}/:thing${index}/parts/:part{/*rest}', async (ctx) => { ctx.body = ctx.params.thing${index} + ctx.params.part + (ctx.params.rest ?? []).join() })`
    const head = "import { Router } from '@ebbjs/router'\nexport const router = new Router({ prefix: '/v:version' })\n"
    const none = check(head)
    const alone = check(head + Array.from({ length: 200 }, (_, index) => `router${route(index)}`).join('\n'))
    const chained = check(`${head}export const routes = router${Array.from({ length: 200 }, (_, index) => `\n  ${route(index)}`).join('')}\nroutes.url('route7', { version: 1, thing7: 'x', part: 2 })`)
    console.log(`      ${(alone - none).toFixed(2)} s in statements, ${(chained - none).toFixed(2)} s in one chain`)
    expect(alone - none).to.be.below(2)
    expect(chained - none).to.be.below(2)
  })
})
