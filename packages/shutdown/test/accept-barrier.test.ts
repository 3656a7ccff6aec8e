import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, connect } from 'node:net'
import { expect } from 'chai'
import { closeListeners, stopListening } from '../src/accept-barrier'
import { now } from '../src/clock'

describe('the accept barrier', () => {
  it('accepts all that is in the accept queue before the listener closes', async () => {
    let accepted = 0
    const server = createServer((socket) => {
      accepted++
      socket.on('error', () => {}).end()
    }).listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const closes = Array.from({ length: 100 }, () => once(connect(port, '127.0.0.1').on('error', () => {}).resume(), 'close'))
    await closeListeners([server])
    await Promise.all(closes)
    expect(accepted).to.equal(100)
    expect(server.listenerCount('connection')).to.equal(1)
  })

  it('waits for the queue however long a turn of the loop takes', async () => {
    let accepted = 0
    const server = createServer((socket) => {
      accepted++
      socket.on('error', () => {}).end()
    }).listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const closes = Array.from({ length: 10 }, () => once(connect(port, '127.0.0.1').on('error', () => {}).resume(), 'close'))
    let busy = true
    const turn = () => {
      for (const end = now() + 60; now() < end; );
      if (busy) setImmediate(turn)
    }
    turn()
    await closeListeners([server])
    busy = false
    await Promise.all(closes)
    expect(accepted).to.equal(10)
  })

  it('leaves nobody in the queue when its time is over in the middle of a turn in which many came', async () => {
    let accepted = 0
    const server = createServer((socket) => {
      if (socket === undefined) return
      accepted++
      socket.on('error', () => {}).end()
    }).listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const begun = now()
    const closes: Promise<unknown>[] = []
    const turn = () => {
      if (now() - begun < 180) {
        server.emit('connection', undefined)
        setImmediate(turn)
        return
      }
      for (let client = 0; client < 10; client++) closes.push(once(connect(port, '127.0.0.1').on('error', () => {}).resume(), 'close'))
      while (now() - begun < 220);
    }
    turn()
    await closeListeners([server])
    await Promise.all(closes)
    expect(closes.length).to.equal(10)
    expect(accepted).to.equal(10)
  })

  it('closes each of several listeners when its own queue is empty', async () => {
    const accepted = [0, 0, 0]
    const servers = accepted.map((_, index) => createServer((socket) => {
      accepted[index] = (accepted[index] as number) + 1
      socket.on('error', () => {}).end()
    }).listen(0))
    await Promise.all(servers.map((server) => once(server, 'listening')))
    const closes = servers.flatMap((server) =>
      Array.from({ length: 20 }, () => once(connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {}).resume(), 'close')))
    await closeListeners(servers)
    expect(servers.map(({ listening }) => listening)).to.deep.equal([false, false, false])
    await Promise.all(closes)
    expect(accepted).to.deep.equal([20, 20, 20])
  })

  it('counts connections that maxConnections drops as arrivals', async () => {
    const server = createServer().listen(0)
    await once(server, 'listening')
    server.maxConnections = 1
    const first = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
    await once(server, 'connection')
    let dropped = 0
    server.on('drop', () => dropped++)
    const closes = Array.from({ length: 10 }, () => once(connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {}).resume(), 'close'))
    await closeListeners([server])
    first.destroy()
    await Promise.all(closes)
    expect(dropped).to.equal(10)
  })

  it('gives up when clients keep coming, after 200 ms and as many turns more as the queue is long', async () => {
    const { begun, ended, turns } = await underFlood()
    expect(ended - begun).to.be.at.least(200)
    expect(turns).to.be.at.least(511)
  })

  it('gives up at the latest moment that it is given', async () => {
    const { begun, ended } = await underFlood(50)
    expect(ended - begun).to.be.within(49, 1_000)
  })

  /** The barrier before a server to which a client comes in each turn of the loop. */
  async function underFlood(patience = Infinity): Promise<{ begun: number; ended: number; turns: number }> {
    const server = createServer().listen(0)
    await once(server, 'listening')
    let turns = 0
    let immediate = setImmediate(function turn() {
      turns++
      server.emit('connection', undefined)
      immediate = setImmediate(turn)
    })
    const begun = now()
    await closeListeners([server], begun + patience)
    const ended = now()
    clearImmediate(immediate)
    expect(server.listening).to.equal(false)
    return { begun, ended, turns }
  }

  it('ends when the server is closed by somebody else meanwhile', async () => {
    const server = createServer().listen(0)
    await once(server, 'listening')
    const closed = closeListeners([server])
    server.close()
    await closed
    expect(server.listenerCount('connection')).to.equal(0)
  })

  it('closes a server whose own close is broken, or which is frozen', async () => {
    const [broken, frozen] = [createHttpServer().listen(0), createHttpServer().listen(0)]
    await Promise.all([once(broken, 'listening'), once(frozen, 'listening')])
    broken.close = () => {
      throw new Error('broken')
    }
    Object.defineProperty(frozen, 'closeIdleConnections', { value: () => {} })
    await closeListeners([broken, frozen])
    expect([broken.listening, frozen.listening]).to.deep.equal([false, false])
  })

  it('is passed at once where nothing listens', async () => {
    await closeListeners([createServer()])
    await closeListeners([])
  })

  it('closes a server that was about to listen as soon as it does', async () => {
    const [one, other] = [createServer(), createServer()]
    stopListening([one])
    await closeListeners([other])
    for (const server of [one, other]) {
      server.listen(0)
      await once(server, 'close')
      expect(server.listening).to.equal(false)
    }
  })
})
