import { once } from 'node:events'
import { existsSync, lstatSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import http, { type Server } from 'node:http'
import net, { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { Client, GET, serve } from './harness'

const folder = mkdtempSync(join(tmpdir(), 'ebb-listen-'))
let paths = 0
const freePath = (): string => join(folder, `${paths++}.sock`)

/** The path of a socket on which nobody listens any more. */
async function stalePath(): Promise<string> {
  const path = freePath()
  const server = net.createServer().listen(`${path}.live`)
  await once(server, 'listening')
  renameSync(`${path}.live`, path) // where its server does not remove it
  server.close()
  await once(server, 'close')
  return path
}

function hello(): App {
  return new App().use((ctx) => { ctx.body = 'hello' })
}

/** Waits until somebody else's attempt to connect to a stale path has failed, and what follows from it is done. */
async function probed(path: string): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => connect(path).once('error', resolve))
  await new Promise(setImmediate)
}

after(() => rmSync(folder, { recursive: true }))

describe('app.listen on the path of a unix socket', () => {
  const forms: Record<string, (app: App, path: string, callback: () => void) => Server> = {
    'listen(path, callback)': (app, path, callback) => app.listen(path, callback),
    'listen({ path }, callback)': (app, path, callback) => app.listen({ path }, callback),
    'listen(path, backlog, callback)': (app, path, callback) => app.listen(path, 100, callback),
  }
  for (const [form, listen] of Object.entries(forms)) {
    it(`replaces one that a dead process has left, and tells nobody of an error: ${form}`, async () => {
      const app = hello()
      const path = await stalePath()
      const heard: string[] = []
      const server = listen(app, path, () => heard.push('callback'))
      server.on('error', () => heard.push('error')).on('listening', () => heard.push('listening'))
      await serve(app, server)
      expect(heard).to.deep.equal(['callback', 'listening'])
      expect(server.address()).to.equal(path)
      await new Client(connect(path)).send(GET).sees('hello')
      expect(Object.hasOwn(server, 'emit')).to.equal(false)
    })
  }

  it('listens at once where the path is free', () => {
    const app = hello()
    const server = app.listen(freePath())
    expect(server.listening).to.equal(true)
    expect(Object.hasOwn(server, 'emit')).to.equal(false)
    server.close()
  })

  /** The path of a server that answers; `asked` resolves once somebody has connected to see whether it does. */
  async function takenPath(): Promise<{ path: string; asked: Promise<unknown> }> {
    const app = hello()
    const path = freePath()
    const server = app.listen(path)
    await serve(app, server)
    return { path, asked: once(server, 'connection').then(([socket]) => once(socket as net.Socket, 'close')) }
  }

  it('leaves one that is answered to its server: EADDRINUSE', async () => {
    const { path, asked } = await takenPath()
    const server = hello().listen(path)
    const [error] = (await once(server, 'error')) as [NodeJS.ErrnoException]
    expect(error).to.include({ code: 'EADDRINUSE', message: `listen EADDRINUSE: address already in use ${path}` })
    expect(server.listening).to.equal(false)
    await asked
    await new Client(connect(path)).send(GET).sees('hello')
  })

  it('has an error that nobody listens to be an uncaughtException that names the path', async () => {
    const { path, asked } = await takenPath()
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    try {
      const caught = once(process, 'uncaughtException')
      hello().listen(path)
      const [error] = (await caught) as [NodeJS.ErrnoException]
      expect(error).to.include({ code: 'EADDRINUSE', message: `listen EADDRINUSE: address already in use ${path}` })
    } finally {
      for (const listener of before) process.on('uncaughtException', listener)
    }
    await asked
  })

  it('does not touch a file that is no socket', async () => {
    const path = freePath()
    writeFileSync(path, 'precious')
    const [error] = (await once(hello().listen(path), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).to.equal('EADDRINUSE')
    expect(lstatSync(path).isFile()).to.equal(true)
  })

  it('has other errors as without us', async () => {
    const path = join(folder, 'no', 'such', 'folder.sock')
    const ours = hello().listen(path)
    const nodes = http.createServer().listen(path)
    const [[error], [expected]] = await Promise.all([once(ours, 'error'), once(nodes, 'error')])
    expect(String(error)).to.equal(String(expected))
  })

  it('listens on nothing when a stop begins meanwhile', async () => {
    const app = hello()
    const path = await stalePath()
    const server = app.listen(path)
    app.beginStop({ cause: 'SIGTERM' })
    await probed(path)
    expect(server.listening).to.equal(false)
    expect(existsSync(path)).to.equal(true)
  })

  it('listens on nothing when it is closed meanwhile', async () => {
    const app = hello()
    const path = await stalePath()
    const server = app.listen(path)
    server.close()
    await probed(path)
    expect(server.listening).to.equal(false)
    expect(app.servers.size).to.equal(0)
  })

  it('is taken by one of two that start at once', async () => {
    const path = await stalePath()
    const apps = [hello(), hello()]
    const servers = apps.map((app) => app.listen(path))
    const outcomes = await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', () => resolve('listening')).once('error', () => resolve('error')))))
    expect(outcomes.sort()).to.deep.equal(['error', 'listening'])
    for (const [index, app] of apps.entries()) if (servers[index]!.listening) await serve(app, servers[index])
    await new Client(connect(path)).send(GET).sees('hello')
  })

  if (process.platform === 'linux') {
    it('leaves abstract sockets to Node', async () => {
      const path = `\0ebb-listen-${process.pid}`
      const first = hello()
      await serve(first, first.listen(path))
      const [error] = (await once(hello().listen(path), 'error')) as [NodeJS.ErrnoException]
      expect(error.code).to.equal('EADDRINUSE')
    })
  }
})
