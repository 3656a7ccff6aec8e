import { execFile } from 'node:child_process'
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'

const run = promisify(execFile)
const packages = resolve(__dirname, '../../..')
const names = ['core', 'router', 'shutdown']
const shows = 'console.log(typeof core.App, typeof router.Router, typeof shutdown.gracefulShutdown)'

// The packages as they are built by `npm run build`, in a folder that knows nothing of the workspace.
describe('plain node, without conditions or ts-node', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ebb-plain-'))
    await mkdir(join(folder, 'node_modules/@ebbjs'), { recursive: true })
    for (const name of names) await symlink(join(packages, name), join(folder, 'node_modules/@ebbjs', name))
  })

  after(() => rm(folder, { recursive: true }))

  async function output(file: string, code: string[]): Promise<string> {
    await writeFile(join(folder, file), code.join('\n'))
    const { stdout } = await run(process.execPath, [file], { cwd: folder, env: { PATH: process.env['PATH'] } })
    return stdout.trim()
  }

  it('requires the packages', async () => {
    const code = [...names.map((name) => `const ${name} = require('@ebbjs/${name}')`), shows]
    expect(await output('all.cjs', code)).to.equal('function function function')
  })

  it('imports them', async () => {
    const code = [...names.map((name) => `import * as ${name} from '@ebbjs/${name}'`), shows]
    expect(await output('all.mjs', code)).to.equal('function function function')
  })

  it('has one class for both', async () => {
    const code = [
      "import { createRequire } from 'node:module'",
      "import { App } from '@ebbjs/core'",
      "console.log(App === createRequire(import.meta.url)('@ebbjs/core').App)",
    ]
    expect(await output('same.mjs', code)).to.equal('true')
  })

  it('starts without what only some servers need', async () => {
    const code = [
      "require('node:http')",
      'const builtins = new Set(process.moduleLoadList)',
      ...names.map((name) => `require('@ebbjs/${name}')`),
      "const added = process.moduleLoadList.filter((name) => !builtins.has(name)).map((name) => name.replace('NativeModule ', 'node:'))",
      "const libraries = Object.keys(require.cache).map((file) => file.split('node_modules/').pop().split('/')[0])",
      "console.log([...added, ...libraries].join(' '))",
    ]
    expect((await output('start.cjs', code)).split(' ')).to.include('statuses').and.not.include.oneOf([
      'node:assert', 'node:http2', 'node:https', 'node:tls', 'node:zlib', 'type-is', 'mime-types', 'mime-db', 'accepts', 'cookies', 'content-disposition', 'encodeurl', 'escape-html', 'fresh', 'vary',
    ])
  })

  it('answers a request', async () => {
    const code = [
      "import { App } from '@ebbjs/core'",
      "const app = new App().use((ctx) => { ctx.body = 'hello' })",
      'const server = app.listen(0, async () => {',
      '  console.log(await (await fetch(`http://localhost:${server.address().port}`)).text())',
      '  server.closeAllConnections()',
      '  server.close()',
      '})',
    ]
    expect(await output('serve.mjs', code)).to.equal('hello')
  })
})
