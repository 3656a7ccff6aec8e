import { connect, type Socket } from 'node:net'

/** What clients have seen. */
export interface Seen {
  answered: number
  /** Answered, but with a 5xx. */
  failed: number
  /** Sent on an established connection, and not answered whole. */
  lost: number
  /** New connections that were refused: nothing was accepted, nothing is lost. */
  refused: number
  /** New connections that were reset before they were established: accepted by the kernel, and dropped. */
  reset: number
}

export interface LoadOptions {
  clients: number
  /** The longest pause (ms) between an answer and the next request; default none. */
  think?: number
  /** A new connection for each request. Default false. */
  connectionPerRequest?: boolean
}

export interface Load {
  readonly seen: Seen
  /** Resolves once so many requests are answered. */
  answered(count: number): Promise<void>
  /** No further requests; resolves when every connection is closed. */
  stop(): Promise<void>
}

/**
 * Clients with one request at a time each. One whose connection was closed between two requests opens another, until
 * one is refused.
 * @param path - of every request, or called for each
 */
export function closedLoop(port: number, path: string | (() => string), { clients, think = 0, connectionPerRequest = false }: LoadOptions): Load {
  const seen: Seen = { answered: 0, failed: 0, lost: 0, refused: 0, reset: 0 }
  const open = new Set<Socket>()
  const requestFor = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${connectionPerRequest ? 'Connection: close\r\n' : ''}\r\n`
  const same = typeof path === 'string' ? requestFor(path) : undefined
  let stopped = false
  let goal = { count: Infinity, reached: () => {} }

  const client = (): void => {
    const socket = connect(port, '127.0.0.1')
    let established = false
    let waiting = false
    let refused = false
    let received = ''
    const send = (): void => {
      if (stopped) {
        socket.end()
        return
      }
      received = ''
      waiting = true
      socket.write(same ?? requestFor((path as () => string)()))
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
      if (seen.answered === goal.count) goal.reached()
      if (received.startsWith('HTTP/1.1 5')) seen.failed++
      if (/\r\nconnection: close\r\n/i.test(received)) socket.end()
      else if (think > 0) setTimeout(send, Math.random() * think)
      else send()
    })
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
    answered: (count) => new Promise((reached) => {
      goal = { count: seen.answered + count, reached }
    }),
    stop: async () => {
      stopped = true
      await Promise.all([...open].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
    },
  }
}

/**
 * Sends `count` requests over `clients` keep-alive connections; rejects if one is not answered `expected`.
 * @param before - awaited before each request, with the number of those that were sent
 */
export async function burst(port: number, clients: number, count: number, request: string, expected: string, before?: (sent: number) => Promise<unknown> | undefined): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: clients }, () => new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      let received = ''
      const next = (): void => {
        received = ''
        if (left-- <= 0) {
          socket.end()
          return
        }
        const waited = before?.(count - left - 1)
        if (waited === undefined) socket.write(request)
        else waited.then(() => socket.write(request), reject)
      }
      socket.setEncoding('latin1')
      socket.on('connect', next)
      socket.on('data', (chunk: string) => {
        received += chunk
        const body = bodyOf(received)
        if (body === undefined) return
        if (body === expected && received.startsWith('HTTP/1.1 200')) next()
        else reject(new Error(`answered ${received.slice(0, 500)}`))
      })
      socket.on('error', reject)
      socket.on('close', () => (left < 0 ? resolve() : reject(new Error('the connection was closed'))))
    })),
  )
}

const isWhole = (response: string): boolean => bodyOf(response) !== undefined

/** The body of a response that is whole, or undefined. */
function bodyOf(response: string): string | undefined {
  const head = response.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(response)
  if (length !== null) return response.length >= head + 4 + Number(length[1]) ? response.slice(head + 4) : undefined
  if (!response.endsWith('\r\n0\r\n\r\n')) return undefined
  let body = ''
  for (let at = head + 4; ; ) {
    const line = response.indexOf('\r\n', at)
    const size = Number.parseInt(response.slice(at, line), 16)
    if (size === 0) return body
    body += response.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}
