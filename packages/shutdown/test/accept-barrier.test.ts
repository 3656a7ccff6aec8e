import { once } from 'node:events'
import { createServer, type AddressInfo, connect } from 'node:net'
import { expect } from 'chai'
import { quietAcceptQueue, stopListening } from '../src/accept-barrier'
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
    const closes = Array.from({ length: 100 }, () => once(connect(port).on('error', () => {}).resume(), 'close'))
    await quietAcceptQueue([server])
    stopListening([server])
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
    const closes = Array.from({ length: 10 }, () => once(connect(port).on('error', () => {}).resume(), 'close'))
    let busy = true
    const turn = () => {
      for (const end = now() + 60; now() < end; );
      if (busy) setImmediate(turn)
    }
    turn()
    await quietAcceptQueue([server])
    stopListening([server])
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
    await quietAcceptQueue([server])
    stopListening([server])
    await Promise.all(closes)
    expect(closes.length).to.equal(10)
    expect(accepted).to.equal(10)
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
    await quietAcceptQueue([server], begun + patience)
    const ended = now()
    clearImmediate(immediate)
    server.close()
    return { begun, ended, turns }
  }

  it('is passed at once where nothing listens', async () => {
    await quietAcceptQueue([createServer()])
    await quietAcceptQueue([])
  })

  it('closes a server that was about to listen as soon as it does', async () => {
    const server = createServer()
    stopListening([server])
    server.listen(0)
    await once(server, 'close')
    expect(server.listening).to.equal(false)
  })
})
