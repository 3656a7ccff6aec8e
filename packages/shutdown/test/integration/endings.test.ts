import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Readable } from 'node:stream'
import { expect } from 'chai'
import { Child } from '../child'
import { Client } from '../client'

/** More (ms) than the time in which signals count as one. */
const LATER = 300

/** Sends a signal every LATER ms, as an impatient person or a process manager does. @returns ends it */
function repeat(child: Child, signal: NodeJS.Signals): () => void {
  const timer = setInterval(() => child.kill(signal), LATER)
  return () => clearInterval(timer)
}

describe('a process that stops', () => {
  afterEach(async () => {
    Client.closeAll()
    await Child.endAll()
  })

  /** A service in the middle of a stop, with a request of 1 s in flight. */
  async function stopping(options: object, signal: NodeJS.Signals = 'SIGTERM'): Promise<{ child: Child; client: Client }> {
    const child = Child.start('service.ts', options)
    const client = (await Client.connect(await child.port())).get('/slow?ms=1000')
    await child.prints(/request \/slow/)
    child.kill(signal)
    await child.prints(/: stopping/, 'stderr')
    return { child, client }
  }

  it('is not forced by SIGTERM that comes again and again', async () => {
    const { child, client } = await stopping({})
    const end = repeat(child, 'SIGTERM')
    expect((await client.answer()).status).to.equal(200)
    expect((await child.exit).code).to.equal(0)
    end()
  })

  it('takes another signal within 250 ms for a part of the first', async () => {
    const child = Child.start('service.ts')
    const client = (await Client.connect(await child.port())).get('/slow?ms=1000')
    await child.prints(/request \/slow/)
    child.kill('SIGTERM')
    child.kill('SIGINT')
    expect((await client.answer()).status).to.equal(200)
    expect((await child.exit).code).to.equal(0)
  })

  it('is forced by a later SIGINT, and flushes what it can', async () => {
    const { child } = await stopping({ timeout: 60_000 })
    const end = repeat(child, 'SIGINT')
    expect((await child.exit).code).to.equal(130)
    end()
    expect(child.stdout).to.contain('telemetry flushed')
    expect(child.stdout).not.to.contain('database closed')
  })

  it("is forced by any later signal with force: 'any'", async () => {
    const { child } = await stopping({ timeout: 60_000, force: 'any' })
    const end = repeat(child, 'SIGTERM')
    expect((await child.exit).code).to.equal(143)
    end()
  })

  it("is forced by none with force: 'never'", async () => {
    const { child, client } = await stopping({ force: 'never' }, 'SIGINT')
    const end = repeat(child, 'SIGINT')
    expect((await client.answer()).status).to.equal(200)
    expect((await child.exit).code).to.equal(0)
    end()
  })

  it("raises its signal again after a clean stop with exit: 'signal'", async () => {
    const { child, client } = await stopping({ exit: 'signal' })
    expect((await client.answer()).status).to.equal(200)
    expect(await child.exit).to.deep.equal({ code: null, signal: 'SIGTERM' })
  })

  it("exits with code 1 after an unclean stop, also with exit: 'signal'", async () => {
    const child = Child.start('service.ts', { exit: 'signal', timeout: 1_000 })
    const client = (await Client.connect(await child.port())).get('/hang')
    await child.prints(/request \/hang/)
    child.kill('SIGTERM')
    expect((await client.answer()).status).to.equal(503)
    expect(await child.exit).to.deep.equal({ code: 1, signal: null })
  })

  it('keeps the exit code that the program has set', async () => {
    const child = Child.start('process.ts', { program: 'own exit code' })
    await child.prints(/started/)
    child.kill('SIGTERM')
    expect((await child.exit).code).to.equal(3)
  })

  for (const program of ['fatal at once', 'fatal in the lame duck']) {
    it(`has no lame duck when it is broken: ${program}`, async () => {
      const child = Child.start('process.ts', { program, delay: 60_000, timeout: 100_000 })
      await child.prints(/started/)
      if (program !== 'fatal at once') child.kill('SIGTERM')
      expect((await child.exit).code).to.equal(1)
      expect(child.stdout + child.stderr).to.match(/uncaughtException: Error: the bug/)
    })
  }

  it('prints the error that ends it also with logger: false', async () => {
    const child = Child.start('process.ts', { program: 'fatal at once' }, { LOGGER: 'false' })
    expect((await child.exit).code).to.equal(1)
    expect(child.stderr).to.match(/^\[shutdown\] uncaughtException: Error: the bug\n {4}at /)
  })

  it('says an error that comes a thousand times once, and how often it came', async () => {
    const child = Child.start('process.ts', { program: 'storm', timeout: 6_000 })
    await child.prints(/started/)
    child.kill('SIGTERM')
    expect((await child.exit).code).to.equal(1)
    expect(child.stderr.match(/uncaughtException: Error: again\n/g)).to.have.length(1)
    const count = Number(child.stderr.match(/'?uncaughtException Error: again'? came (\d+) times in all/)?.[1])
    expect(count).to.be.within(2, 1_000)
  })

  it('names the hook that blocks its loop', async () => {
    const child = Child.start('failing.ts', { ways: ['a hook that blocks the loop'], timeout: 1_500 })
    await once(child.process, 'message')
    child.kill('SIGTERM')
    expect((await child.exit).signal).to.equal('SIGKILL')
    expect(child.stderr).to.match(/not stopped in time, the process is ended: in cleanup: .*hook 'blocks' \(its event loop is blocked\)/)
  })

  it('ends in time although a job of the thread pool never returns', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ebb-'))
    const child = Child.start('process.ts', { program: 'a job that never returns', timeout: 1_500 }, { FIFO: path.join(folder, 'fifo') })
    await child.prints(/started/)
    child.kill('SIGTERM')
    const told = performance.now()
    await child.exit
    rmSync(folder, { recursive: true })
    expect(performance.now() - told).to.be.below(6_000)
    expect(child.stderr).to.contain('stopped in')
  })

  it('by hand ends by itself, also after a handler that awaited the stop beside one that never ends', async () => {
    const child = Child.start('process.ts', { program: 'a caller beside a stuck handler', timeout: 1_000 })
    const port = await child.port()
    const stuck = (await Client.connect(port)).get('/stuck')
    await child.prints(/request \/stuck/)
    const drain = (await Client.connect(port)).get('/drain')
    expect((await stuck.answer()).status).to.equal(503)
    expect(JSON.parse((await drain.answer()).body)).to.deep.equal({ finished: 0, aborted: 0, cut: 1 })
    child.process.disconnect()
    expect((await child.exit).code).to.equal(0)
  })

  it('says in a worker thread that signals do not reach it', async () => {
    const child = Child.start('process.ts', { program: 'in a worker thread' })
    await child.prints(/process signals do not reach a worker thread: call stop\(\) here/, 'stderr')
  })

  it('stops when nothing was in flight for as long as `idle` says', async () => {
    const child = Child.start('process.ts', { program: 'idle', idle: 500 })
    const client = await Client.connect(await child.port())
    await client.get('/').answer()
    const kept = setInterval(() => client.get('/'), 100)
    await once(client.socket, 'data')
    expect(child.stderr).not.to.contain('stopping')
    clearInterval(kept)
    client.socket.destroy()
    expect((await child.exit).code).to.equal(0)
    expect(child.stderr).to.contain('[shutdown] idle for 500 ms: stopping')
  })

  it('has no lame duck under node --watch', async () => {
    const file = path.join(__dirname, '../fixtures/service.ts')
    const args = ['--watch', '-C', '@ebbjs/source', '-r', 'ts-node/register', file, JSON.stringify({ delay: 60_000, timeout: 100_000 })]
    const watcher = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const ends = new Promise<void>((resolve) => {
      for (const stream of [watcher.stdout, watcher.stderr] as Readable[]) {
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString()
          if (/listening/.test(output)) watcher.kill('SIGTERM') // goes on to the program
          if (/stopped in/.test(output)) resolve()
        })
      }
    })
    await ends
    watcher.kill('SIGKILL')
    expect(output).to.match(/stopped in \d+ ms, clean/)
  })
})
