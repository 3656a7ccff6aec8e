import { once } from 'node:events'
import { connect } from 'node:net'
import { end, start } from '../child'

const PATIENCE = 20_000
const PACE = 50
const SIZE = 12 * 1024 * 1024

/**
 * A client that reads 12 MB in about a second and a half, and a SIGTERM when it has the first bytes: how much arrives,
 * in bytes of body.
 */
export async function slowReader(peer: string): Promise<number> {
  const child = await start(`stop/servers/${peer}`)
  try {
    const socket = connect(child.port, '127.0.0.1')
    let received = 0
    socket.on('data', (chunk: Buffer) => {
      if (received === 0) child.process.kill('SIGTERM')
      received += chunk.length
      if (Math.floor(received / (SIZE / 30)) === Math.floor((received - chunk.length) / (SIZE / 30))) return
      socket.pause()
      setTimeout(() => socket.resume(), PACE)
    })
    socket.on('error', () => {})
    socket.write('GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const impatient = setTimeout(() => child.process.kill('SIGKILL'), PATIENCE)
    await once(socket, 'close')
    clearTimeout(impatient)
    return Math.min(received, SIZE)
  } finally {
    await end(child)
  }
}
