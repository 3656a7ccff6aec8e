import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { isWebSocketServer, type WebSocketServer, WebSockets } from '../src/web-sockets'

/** A client of ws, as far as it is called, whose own methods may throw. */
class Client extends EventEmitter {
  readyState = 1
  readonly calls: unknown[] = []
  readonly #throws: boolean

  constructor(throws = false) {
    super()
    this.#throws = throws
  }

  close(code: number): void {
    if (this.#throws) throw new Error('not open')
    this.readyState = 2
    this.calls.push(code)
  }

  terminate(): void {
    if (this.#throws) throw new Error('no socket')
    this.readyState = 3
    this.calls.push('terminated')
  }
}

const serverOf = (...clients: Client[]): WebSocketServer => ({ clients: new Set(clients), close: () => {} }) as unknown as WebSocketServer

describe('WebSockets', () => {
  it('tell all of the clients, also when close() of one throws', async () => {
    const [bad, good] = [new Client(true), new Client()]
    await new WebSockets(serverOf(bad, good)).close('bye', 0, Promise.resolve())
    expect(good.calls).to.deep.equal([1001])
  })

  it('tell nobody before the work they wait for has settled, and everybody if that fails', async () => {
    const client = new Client()
    let fail: (error: Error) => void = () => {}
    const told = new WebSockets(serverOf(client)).close('bye', 0, new Promise((_, reject) => (fail = reject)))
    await new Promise(setImmediate)
    expect(client.calls).to.deep.equal([])
    fail(new Error('loop'))
    await told
    expect(client.calls).to.deep.equal([1001])
  })

  it('tell all that are left in the very call when there is no more time, and each once', async () => {
    const clients = [new Client(), new Client(), new Client()]
    const sockets = new WebSockets(serverOf(...clients))
    const told = sockets.close('bye', 60_000, Promise.resolve())
    while (clients[0]?.calls.length === 0) await new Promise(setImmediate)
    sockets.hurry()
    expect(clients.map(({ calls }) => calls)).to.deep.equal([[1001], [1001], [1001]])
    await told
    expect(clients.map(({ calls }) => calls)).to.deep.equal([[1001], [1001], [1001]])
  })

  it('terminate all that are left, also when one throws, and say how many those were', () => {
    const [bad, good, gone] = [new Client(true), new Client(), new Client()]
    gone.readyState = 3
    const sockets = new WebSockets(serverOf(bad, good, gone))
    expect(sockets.left).to.equal(2)
    sockets.terminate()
    expect(good.calls).to.deep.equal(['terminated'])
    expect(sockets.left).to.equal(2)
  })

  it('survive a server that cannot be closed', async () => {
    const client = new Client()
    const server = { clients: new Set([client]), close: () => { throw new Error('not running') } } as unknown as WebSocketServer
    await new WebSockets(server).close('bye', 0, Promise.resolve())
    expect(client.calls).to.deep.equal([1001])
  })

  it('are told from other things by their server', () => {
    expect(isWebSocketServer({ clients: new Set(), close() {}, handleUpgrade() {} } as never)).to.equal(true)
    expect(isWebSocketServer({ clients: {}, close() {}, handleUpgrade() {} } as never)).to.equal(false)
  })
})
