import { connect, type Socket } from 'node:net'

/** What clients in a closed loop have seen. */
export interface Seen {
  answered: number
  /** Sent on an established connection, and not answered whole. */
  lost: number
  /** New connections that were refused: nothing was accepted, nothing is lost. */
  refused: number
  /** New connections that were reset before they were established: accepted by the kernel, and dropped. */
  reset: number
}

export interface Load {
  readonly seen: Seen
  /** No further requests; resolves when every connection is closed. */
  stop(): Promise<void>
}

/**
 * `clients` keep-alive connections, each with one request at a time and no pause. A client whose connection was
 * closed between two requests opens another, until one is refused.
 */
export function closedLoop(port: number, clients: number, path: string): Load {
  const seen: Seen = { answered: 0, lost: 0, refused: 0, reset: 0 }
  const open = new Set<Socket>()
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
  let stopped = false

  const client = (): void => {
    const socket = connect(port, '127.0.0.1')
    let established = false
    let waiting = false
    let leaving = false
    let received = ''
    const send = (): void => {
      received = ''
      waiting = true
      socket.write(request)
    }
    open.add(socket)
    socket.setEncoding('latin1')
    socket.on('connect', () => {
      established = true
      send()
    })
    socket.on('data', (chunk: string) => {
      received += chunk
      if (!waiting || !isWhole(received)) return
      waiting = false
      seen.answered++
      leaving = stopped || /\r\nconnection: close\r\n/i.test(received)
      if (leaving) socket.end()
      else send()
    })
    let refused = false
    socket.on('error', (error: NodeJS.ErrnoException) => {
      refused = error.code === 'ECONNREFUSED'
    })
    socket.on('close', () => {
      open.delete(socket)
      if (waiting) seen.lost++
      if (refused) seen.refused++
      else if (!established) seen.reset++
      else if (!stopped) setImmediate(client)
    })
  }
  for (let i = 0; i < clients; i++) client()

  return {
    seen,
    stop: async () => {
      stopped = true
      await Promise.all([...open].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
    },
  }
}

/** Sends `count` requests over `clients` keep-alive connections; rejects if one is not answered `expected`. */
export async function burst(port: number, clients: number, count: number, path: string, expected: string): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
  let left = count
  await Promise.all(
    Array.from({ length: clients }, () => new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      let received = ''
      const next = (): void => {
        received = ''
        if (left-- > 0) socket.write(request)
        else socket.end()
      }
      socket.setEncoding('latin1')
      socket.on('connect', next)
      socket.on('data', (chunk: string) => {
        received += chunk
        if (!isWhole(received)) return
        if (received.endsWith(expected) && received.startsWith('HTTP/1.1 200')) next()
        else reject(new Error(`answered ${JSON.stringify(received)}`))
      })
      socket.on('error', reject)
      socket.on('close', () => resolve())
    })),
  )
}

function isWhole(response: string): boolean {
  const head = response.indexOf('\r\n\r\n')
  if (head < 0) return false
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(response)
  if (length !== null) return response.length >= head + 4 + Number(length[1])
  return response.endsWith('\r\n0\r\n\r\n')
}
