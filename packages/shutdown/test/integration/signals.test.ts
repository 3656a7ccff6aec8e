import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { Child } from '../child'
import { Client } from '../client'

describe('a process that is told to stop', () => {
  afterEach(async () => {
    Client.closeAll()
    await Child.endAll()
  })

  it('answers a running request whole, closes the database after it and exits 0', async () => {
    const child = Child.start('service.ts')
    const client = await Client.connect(await child.port())
    client.get('/slow')
    await child.prints(/request \/slow/)
    child.kill('SIGTERM')

    const answer = await client.answer()
    expect(answer.status).to.equal(200)
    expect(answer.body).to.equal('ok')
    expect(answer.headers['connection']).to.equal('close')
    expect(await child.exit).to.deep.equal({ code: 0, signal: null })
    expect(child.stdout).to.match(/slow done\n(.*\n)*database closed\n/)
    const report = await child.report()
    expect(report.requests).to.deep.equal({ finished: 1, aborted: 0, cut: 0 })
    expect(report).to.include({ reason: 'SIGTERM', signal: 'SIGTERM', clean: true, exitCode: 0 })
  })

  it('aborts a handler that never ends, answers its client 503 and exits 1 within the budget, naming it', async () => {
    const child = Child.start('service.ts', { timeout: 2_000 })
    const client = await Client.connect(await child.port())
    client.get('/hang?secret=1')
    await child.prints(/request \/hang/)
    const told = performance.now()
    child.kill('SIGTERM')

    await child.prints(/aborted AbortError EBB_SHUTDOWN/)
    const answer = await client.answer()
    expect(answer.status).to.equal(503)
    expect(answer.headers).to.include({ 'content-type': 'application/problem+json', connection: 'close', 'retry-after': '1' })
    expect(JSON.parse(answer.body)).to.include({ status: 503 })
    expect((await child.exit).code).to.equal(1)
    expect(performance.now() - told).to.be.below(2_000)
    const report = await child.report()
    expect(report.requests).to.deep.equal({ finished: 0, aborted: 0, cut: 1 })
    expect(report.blockers).to.have.length(1)
    expect(report.blockers[0]).to.include({ method: 'GET', path: '/hang' })
    expect(report.clean).to.equal(false)
    expect(child.stderr).to.match(/still running at the cut: GET \/hang,/)
    expect(child.stdout).to.match(/database closed/)
  })

  it('exits 130 at once when SIGINT comes twice', async () => {
    const child = Child.start('service.ts', { timeout: 60_000 })
    const client = await Client.connect(await child.port())
    client.get('/hang')
    await child.prints(/request \/hang/)
    child.kill('SIGINT')
    await child.prints(/SIGINT: stopping/, 'stderr')
    // a person's second Ctrl-C, past the time in which two deliveries count as one
    const second = setInterval(() => child.kill('SIGINT'), 300)
    const exit = await child.exit
    clearInterval(second)

    expect(exit.code).to.equal(130)
    expect(child.stderr).to.match(/forced to exit with GET \/hang running/)
    expect(child.stdout).not.to.match(/database closed/)
  })

  it('takes one signal that is delivered twice within 250 ms for one', async () => {
    const child = Child.start('service.ts')
    await child.port()
    child.kill('SIGTERM')
    child.kill('SIGTERM')

    expect((await child.exit).code).to.equal(0)
    expect((await child.report()).clean).to.equal(true)
  })

  it('loses no request of 64 keep-alive clients in a closed loop', async () => {
    const child = Child.start('service.ts')
    const port = await child.port()
    let answered = 0
    const lost: unknown[] = []
    let underLoad: (() => void) | undefined
    const load = new Promise<void>((resolve) => (underLoad = resolve))
    const loop = async (): Promise<void> => {
      const client = await Client.connect(port)
      try {
        for (let closes = false; !closes; ) {
          const { status, headers } = await client.get('/').answer()
          expect(status).to.equal(200)
          closes = headers['connection'] === 'close'
          if (++answered === 1_000) underLoad?.()
        }
        await client.end()
      } catch (error) {
        lost.push(error)
      }
    }
    const clients = Array.from({ length: 64 }, loop)
    await load
    child.kill('SIGTERM')
    await Promise.all(clients)

    expect(lost).to.deep.equal([])
    expect((await child.exit).code).to.equal(0)
    expect((await child.report()).connections.destroyed).to.equal(0)
  })

  it('answers 40 clients that connected and sent while the loop was busy', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ebb-'))
    const until = path.join(folder, 'until')
    const child = Child.start('service.ts')
    const port = await child.port()
    const busy = await Client.connect(port)
    busy.get(`/busy?until=${until}`)
    await child.prints(/request \/busy/)
    const clients = await Promise.all(Array.from({ length: 40 }, () => Client.connect(port)))
    for (const client of clients) client.get('/')
    child.kill('SIGTERM')
    writeFileSync(until, '')

    const answers = await Promise.all([busy, ...clients].map((client) => client.answer()))
    rmSync(folder, { recursive: true })
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(41).fill(200))
    expect((await child.exit).code).to.equal(0)
  })

  it('answers requests on used connections that were sent while the loop was busy', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ebb-'))
    const until = path.join(folder, 'until')
    const child = Child.start('service.ts')
    const port = await child.port()
    const clients = await Promise.all(Array.from({ length: 20 }, () => Client.connect(port)))
    await Promise.all(clients.map((client) => client.get('/').answer()))
    const busy = await Client.connect(port)
    busy.get(`/busy?until=${until}`)
    await child.prints(/request \/busy/)
    for (const client of clients) client.get('/')
    child.kill('SIGTERM')
    writeFileSync(until, '')

    const answers = await Promise.all([busy, ...clients].map((client) => client.answer()))
    rmSync(folder, { recursive: true })
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(21).fill(200))
    expect((await child.exit).code).to.equal(0)
  })

  it('serves everything while it is a lame duck, says that it is not ready, and has each response say close', async () => {
    const child = Child.start('service.ts', { delay: 2_000 })
    const port = await child.port()
    const open = await Client.connect(port)
    await open.get('/').answer()
    child.kill('SIGTERM')
    await child.prints(/not ready/, 'stderr')

    const late = await Client.connect(port)
    const ready = await late.get('/readyz').answer()
    expect(ready.status).to.equal(503)
    expect(ready.headers).to.include({ connection: 'close', 'retry-after': '1' })
    expect(JSON.parse(ready.body)).to.deep.equal({ state: 'stopping' })
    expect((await (await Client.connect(port)).get('/livez').answer()).status).to.equal(200)
    const answer = await open.get('/').answer()
    expect(answer.status).to.equal(200)
    expect(answer.headers['connection']).to.equal('close')
    expect((await child.exit).code).to.equal(0)
    expect((await child.report()).phases.lameDuck).to.be.within(1_900, 3_000)
  })

  it('skips the lame duck at SIGINT', async () => {
    const child = Child.start('service.ts', { delay: 9_000 })
    await child.port()
    child.kill('SIGINT')

    expect((await child.exit).code).to.equal(0)
    expect((await child.report()).phases.lameDuck).to.be.below(1_000)
  })

  it('answers 503 to requests after the delay under late: reject, and serves health', async () => {
    const child = Child.start('service.ts', { late: 'reject' })
    const port = await child.port()
    const slow = await Client.connect(port)
    const [idle, probe] = [await Client.connect(port), await Client.connect(port)]
    await idle.get('/').answer()
    // heads that are half sent are waited for, however slow this machine is
    idle.send('GET / HTTP/1.1\r\n')
    probe.send('GET /livez HTTP/1.1\r\n')
    slow.get('/slow?ms=600')
    await child.prints(/request \/slow/)
    child.kill('SIGTERM')
    await child.prints(/SIGTERM: stopping/, 'stderr')
    await refused(port)

    const answer = await idle.send('Host: x\r\n\r\n').answer()
    expect(answer.status).to.equal(503)
    expect(answer.headers).to.include({ 'content-type': 'application/problem+json', connection: 'close', 'retry-after': '1' })
    expect((await probe.send('Host: x\r\n\r\n').answer()).status).to.equal(200)
    expect((await slow.answer()).status).to.equal(200)
    expect((await child.exit).code).to.equal(0)
  })

  for (const [path, name] of [['/crash', 'uncaughtException'], ['/reject', 'unhandledRejection']] as const) {
    it(`finishes what is in flight after an ${name}, cleans up and exits 1`, async () => {
      const child = Child.start('service.ts')
      const port = await child.port()
      const slow = await Client.connect(port)
      slow.get('/slow?ms=600')
      await child.prints(/request \/slow/)
      const crash = await Client.connect(port)
      crash.get(path)

      expect((await slow.answer()).status).to.equal(200)
      expect((await child.exit).code).to.equal(1)
      expect(child.stderr).to.match(new RegExp(`${name}: Error: a bug`))
      expect(child.stdout).to.match(/database closed/)
      expect(await child.report()).to.include({ reason: name, signal: null, clean: false })
    })
  }

  it('makes the exit code 1 for an uncaughtException in the drain, and forces nothing', async () => {
    const child = Child.start('service.ts')
    const port = await child.port()
    const [slow, crash] = [await Client.connect(port), await Client.connect(port)]
    crash.send('GET /crash HTTP/1.1\r\n')
    slow.get('/slow?ms=600')
    await child.prints(/request \/slow/)
    child.kill('SIGTERM')
    await child.prints(/SIGTERM: stopping/, 'stderr')
    crash.send('Host: x\r\n\r\n')

    expect((await slow.answer()).status).to.equal(200)
    expect((await child.exit).code).to.equal(1)
    expect(child.stdout).to.match(/database closed/)
  })
})

/**
 * Resolves when the port accepts no more: the drain has begun. Each connection is accepted before the next one comes:
 * more than the queue has places for would have the kernel drop one's SYN, and send it again only a second later.
 */
async function refused(port: number): Promise<void> {
  for (;;) {
    try {
      await (await Client.connect(port)).get('/livez').end()
    } catch {
      return
    }
  }
}
