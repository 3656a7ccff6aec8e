import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { plug } from '../../src/node/plug'

describe('a plug in the accept queue', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function listen(options: object): Promise<Server> {
    const server = createServer((socket) => socket.on('error', () => {}).resume().end()).listen(options)
    servers.push(server)
    await once(server, 'listening')
    return server
  }

  const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
  for (const host of ['127.0.0.1', '0.0.0.0', ...(hasIPv6 ? ['::1', '::'] : [])]) {
    it(`finds an empty queue clear (${host})`, async () => {
      const server = await listen({ port: 0, host })
      const told = new Promise((resolve) => {
        if (!plug(server, resolve)) resolve('cannot be done')
      })
      expect(await told).to.equal(process.platform === 'linux' ? true : 'cannot be done')
    })
  }

  if (process.platform === 'linux') {
    it('finds clients in the queue, and leaves them and their queue as they were', async () => {
      const server = await listen({ port: 0, host: '127.0.0.1' })
      const { port } = server.address() as AddressInfo
      const clients = Array.from({ length: 20 }, () => connect(port, '127.0.0.1').on('error', () => {}).resume())
      let closed = 0
      const all = Promise.all(clients.map((client) => once(client, 'close').then(() => closed++)))
      // Two ticks later all have connected, and none is accepted before the next poll.
      const isClear = await new Promise((resolve) => process.nextTick(() => process.nextTick(() => plug(server, resolve))))
      expect([isClear, closed]).to.deep.equal([false, 0])
      await all
      expect(closed).to.equal(20)
    })
  }

  it('is not set where nothing listens, on a unix socket, or where others listen on the same port', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ebb-'))
    const never = () => expect.fail('told')
    expect(plug(createServer(), never)).to.equal(false)
    if (process.platform !== 'win32') expect(plug(await listen({ path: path.join(folder, 'web.sock') }), never)).to.equal(false)
    if (process.platform === 'linux' && Number(process.versions.node.split('.')[0]) >= 22) {
      expect(plug(await listen({ port: 0, host: '127.0.0.1', reusePort: true }), never)).to.equal(false)
    }
    rmSync(folder, { recursive: true })
  })
})
