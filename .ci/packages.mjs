// Packs each package as npm would publish it; has publint and attw look at the tarball, and a consumer compile with them.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const run = (tool, ...args) => execFileSync('npx', ['--no', tool, ...args], { stdio: 'inherit' })

const folder = mkdtempSync(join(tmpdir(), 'ebb-packages-'))
try {
  for (const name of readdirSync('packages')) {
    execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: join('packages', name) })
  }
  for (const tarball of readdirSync(folder)) {
    const path = join(folder, tarball)
    run('publint', path, '--strict')
    run('attw', path)
    const installed = join(folder, 'node_modules/@ebbjs', /^ebbjs-(\w+)/.exec(tarball)[1])
    mkdirSync(installed, { recursive: true })
    execFileSync('tar', ['-xzf', path, '-C', installed, '--strip-components=1'])
  }
  // Beside what is declared as a dependency, users have @types/node: any other import in our declarations fails here.
  for (const name of ['path-to-regexp', '@types/node', 'undici-types']) {
    const installed = join(folder, 'node_modules', name)
    mkdirSync(dirname(installed), { recursive: true })
    symlinkSync(resolve('node_modules', name), installed)
  }
  copyFileSync('.ci/consumer.ts', join(folder, 'consumer.ts'))
  const flags = '--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck false --target es2022 --module nodenext --types node --preserveSymlinks'
  execFileSync(process.execPath, [resolve('node_modules/typescript7/bin/tsc'), ...flags.split(' '), 'consumer.ts'], { cwd: folder, stdio: 'inherit' })
} finally {
  rmSync(folder, { recursive: true })
}
