// Packs each package as npm would publish it, and has publint and attw look at the tarball.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
  }
} finally {
  rmSync(folder, { recursive: true })
}
