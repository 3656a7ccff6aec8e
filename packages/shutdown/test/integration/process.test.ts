import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { Child } from '../child'
import { Client } from '../client'

describe('a process with a shutdown', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ebb-'))
  })
  afterEach(async () => {
    Client.closeAll()
    await Child.endAll()
    rmSync(folder, { recursive: true })
  })

  it('says in one line that its port is taken, cleans up and exits 1', async () => {
    const child = Child.start('process.ts', { program: 'port taken' })
    expect((await child.exit).code).to.equal(1)
    const port = (await child.prints(/taken (\d+)/))[1]
    expect(child.stderr).to.match(new RegExp(`^\\[shutdown\\] uncaughtException: listen EADDRINUSE: address already in use [^\\n]*:${port}\\n`))
    expect(child.stderr).not.to.match(/\n {4}at /)
    expect(child.stdout).to.match(/database closed/)
  })

  it('that gets SIGTERM before it listens exits 0 soon, and never comes up', async () => {
    const child = Child.start('process.ts', { program: 'not yet listening' })
    await child.prints(/started/)
    child.kill('SIGTERM')
    expect(await child.exit).to.deep.equal({ code: 0, signal: null })
    expect(child.stdout).not.to.match(/listening/)
  })

  it('unwinds what had started when its start-up fails, and exits 1', async () => {
    const child = Child.start('process.ts', { program: 'start-up fails' })
    expect((await child.exit).code).to.equal(1)
    expect(child.stderr).to.match(/start-up 'migrations' failed: Error: no such table/)
    expect(child.stdout).to.match(/database closed/)
  })

  it('is not held by a forgotten timer, which its report names', async () => {
    const child = Child.start('process.ts', { program: 'forgotten timer' })
    await child.prints(/started/)
    child.kill('SIGTERM')
    expect((await child.exit).code).to.equal(0)
    expect((await child.report()).resources).to.deep.equal(['Timeout'])
    expect(child.stdout).to.match(/would have kept the process from ending: Timeout/)
  })

  it('writes all of its output into a pipe before it exits', async () => {
    const child = Child.start('process.ts', { program: 'large output' })
    await child.prints(/started/)
    child.kill('SIGTERM')
    expect((await child.exit).code).to.equal(0)
    expect(child.stdout.length).to.be.above(5_000_000)
    expect(child.stdout).to.match(/last line\n$/)
    expect(child.stderr).to.match(/stopped in \d+ ms, clean, exit code 0\n$/)
  })

  it('with two apps exits when both have stopped, with the highest code', async () => {
    const child = Child.start('process.ts', { program: 'two apps' })
    await Promise.all([child.prints(/started one/), child.prints(/started two/)])
    child.kill('SIGTERM')
    expect((await child.exit).code).to.equal(1)
    expect(child.stdout).to.match(/two cleaned up\none cleaned up\n/)
  })

  it('says once at its start what its surroundings will make of its stop', async () => {
    const child = Child.start('process.ts', { program: 'idle', timeout: 40_000 }, { KUBERNETES_SERVICE_HOST: '10.0.0.1' })
    await (await Client.connect(await child.port())).get('/').answer()
    child.kill('SIGTERM')
    expect((await child.exit).code).to.equal(0)
    expect(child.stderr.match(/\[shutdown\] delay is 0 ms: Kubernetes sends requests for some seconds after SIGTERM/g)).to.have.length(1)
    expect(child.stderr.match(/\[shutdown\] timeout is 40000 ms: the process is killed before, by terminationGracePeriodSeconds, 30 s/g)).to.have.length(1)
  })

  it('stopped by hand is not ended, but ends when nothing is left to do', async () => {
    const child = Child.start('process.ts', { program: 'by hand' })
    expect(await child.exit).to.deep.equal({ code: 0, signal: null })
    expect(child.stdout).to.match(/stopped true/)
  })

  it('stops at SIGHUP if asked to', async () => {
    const child = Child.start('process.ts', { program: 'forgotten timer', signals: ['SIGHUP'] })
    await child.prints(/started/)
    child.kill('SIGHUP')
    expect((await child.exit).code).to.equal(0)
  })

  it("takes PM2's shutdown message for SIGTERM, and tells PM2 when it is ready", async () => {
    const child = Child.start('process.ts', { program: 'supervised' }, { pm_id: '0' })
    const [message] = (await once(child.process, 'message')) as [unknown]
    expect(message).to.equal('ready')
    expect(child.stdout).to.match(/cache filled/)
    child.process.send('shutdown')
    expect((await child.exit).code).to.equal(0)
  })

  it('is not ended by the disconnect of its parent', async () => {
    const child = Child.start('process.ts', { program: 'supervised' })
    await child.prints(/cache filled/)
    child.process.disconnect()
    child.kill('SIGTERM')
    expect((await child.exit).code).to.equal(0)
  })

  it('tells systemd READY, STOPPING and how long it may take', async () => {
    const notify = path.join(folder, 'systemd-notify')
    const said = path.join(folder, 'said')
    writeFileSync(notify, `#!/bin/sh\necho "$@" >> ${said}\n`)
    chmodSync(notify, 0o755)
    const env = { NOTIFY_SOCKET: '/run/systemd/notify', PATH: `${folder}:${process.env['PATH']}` }
    const child = Child.start('process.ts', { program: 'supervised', timeout: 8_000, delay: 500 }, env)
    await child.prints(/cache filled/)
    child.kill('SIGTERM')
    expect((await child.exit).code).to.equal(0)
    expect(readFileSync(said, 'utf8')).to.equal('--ready\n--stopping EXTEND_TIMEOUT_USEC=8000000\n')
  })

  it('serves health on a port of its own until the end, and has a readiness file until the stop', async () => {
    const file = path.join(folder, 'ready')
    const child = Child.start('process.ts', { program: 'health' }, { READY_FILE: file })
    const port = Number((await child.prints(/health (\d+)/))[1])
    await child.prints(/started/)
    const probe = async (url: string) => (await (await Client.connect(port)).get(url).answer()).status
    expect([await probe('/livez'), await probe('/readyz'), existsSync(file)]).to.deep.equal([200, 200, true])
    child.kill('SIGTERM')
    await child.prints(/cleaning up/)
    expect([await probe('/livez'), await probe('/readyz'), existsSync(file)]).to.deep.equal([200, 503, false])
    child.process.send('go on')
    expect((await child.exit).code).to.equal(0)
  })
})
