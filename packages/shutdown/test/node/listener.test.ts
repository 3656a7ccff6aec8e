import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import path from 'node:path'
import { expect } from 'chai'
import { hasOwnQueue } from '../../src/node/listener'
import { Child } from '../child'

describe('the accept queue of a listener', () => {
  const servers: Server[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) server.close()
    await Child.endAll()
  })

  async function listen(options: object): Promise<Server> {
    const server = createServer().listen(options)
    servers.push(server)
    await once(server, 'listening')
    return server
  }

  it('is its own on a port that the process has bound, and where nothing listens', async () => {
    expect(hasOwnQueue(await listen({ port: 0, host: '127.0.0.1' }))).to.equal(true)
    expect(hasOwnQueue(createServer())).to.equal(true)
  })

  if (process.platform === 'linux' && Number(process.versions.node.split('.')[0]) >= 22) {
    it('is its own on a port of SO_REUSEPORT', async () => {
      expect(hasOwnQueue(await listen({ port: 0, host: '127.0.0.1', reusePort: true }))).to.equal(true)
    })
  }

  it('is shared on a file descriptor that the process has inherited', async () => {
    const server = await listen({ port: 0, host: '127.0.0.1' })
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle
    const fixture = path.join(__dirname, '../fixtures/inherited.ts')
    const child = spawn(process.execPath, ['-C', '@ebbjs/source', '-r', 'ts-node/register', fixture], { stdio: ['ignore', 'pipe', 'inherit', fd] })
    let said = ''
    child.stdout?.on('data', (text: Buffer) => (said += text.toString()))
    await once(child, 'close')
    expect(said).to.equal('own queue: false\n')
  })

  for (const policy of ['rr', 'none']) {
    it(`is shared in a worker of node:cluster, unless it listens exclusively (${policy})`, async () => {
      const child = Child.start('queues.ts', { policy })
      expect((await child.prints(/^own queues: (.*)$/m))[1]).to.equal('false true')
      await child.exit
    })
  }
})
