import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { readFile } from 'node:fs/promises'
import { type Child, end, start } from '../child'

/** A server with so many idle keep-alive connections: ms from SIGTERM to exit, and MB of resident memory before it. */
export async function stopIdle(peer: string, connections: number): Promise<{ exit: number | undefined; memory: number }> {
  const child = await start(`stop/servers/${peer}`)
  const sockets: Socket[] = []
  try {
    while (sockets.length < connections) {
      const batch = Array.from({ length: Math.min(250, connections - sockets.length) }, () => open(child.port))
      sockets.push(...(await Promise.all(batch)))
    }
    const memory = await residentMemory(child)
    const exited = once(child.process, 'exit')
    const signalled = performance.now()
    child.process.kill('SIGTERM')
    const impatient = setTimeout(() => child.process.kill('SIGKILL'), 15_000)
    const [, signal] = (await exited) as [number | null, string | null]
    clearTimeout(impatient)
    return { exit: signal === 'SIGKILL' ? undefined : performance.now() - signalled, memory }
  } finally {
    for (const socket of sockets) socket.destroy()
    await end(child)
  }
}

/** A connection that has had one answer, and sends nothing more; it closes when the server does. */
async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /users/42 HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  socket.resume()
  return socket
}

async function residentMemory({ process: child }: Child): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
}
