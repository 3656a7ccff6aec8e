import { connect } from 'node:net'

/** Sends `count` requests over one connection, one at a time; rejects if one is not answered 200 with `expected`. */
export function lockstep(port: number, count: number, request: string, expected: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let left = count
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
      const body = bodyOf(received)
      if (body === undefined) return
      if (body === expected && received.startsWith('HTTP/1.1 200')) next()
      else reject(new Error(`answered ${received.slice(0, 500)}`))
    })
    socket.on('error', reject)
    socket.on('close', () => (left < 0 ? resolve() : reject(new Error('the connection was closed'))))
  })
}

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
