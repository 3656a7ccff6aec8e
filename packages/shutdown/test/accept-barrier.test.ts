import { once } from 'node:events'
import { createServer, type AddressInfo, connect } from 'node:net'
import { expect } from 'chai'
import { quietAcceptQueue, stopListening } from '../src/accept-barrier'

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
