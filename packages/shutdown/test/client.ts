import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** One answer, as it came over the wire. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

/** A raw HTTP/1.1 connection: what is sent is what the test says, and every byte that comes back is kept. */
export class Client {
  static readonly #all = new Set<Client>()
  readonly socket: Socket
  /** All that came, one character a byte. */
  received = ''
  /** Why it closed, if not in order. */
  error: NodeJS.ErrnoException | undefined
  #read = 0
  #waiting: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.received += text
      this.#wake()
    })
    socket.on('error', (error) => {
      this.error = error
    })
    socket.on('end', () => this.#wake())
    socket.on('close', () => {
      Client.#all.delete(this)
      this.#wake()
    })
    Client.#all.add(this)
  }

  static async connect(options: number | NetConnectOpts): Promise<Client> {
    const socket = connect(typeof options === 'number' ? { port: options, host: '127.0.0.1' } : options)
    const client = new Client(socket)
    await once(socket, 'connect')
    return client
  }

  static async secure(port: number): Promise<Client> {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    const client = new Client(socket)
    await once(socket, 'secureConnect')
    return client
  }

  /** For `afterEach`. */
  static closeAll(): void {
    for (const { socket } of Client.#all) socket.destroy()
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  get(path: string, headers = ''): this {
    return this.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`)
  }

  /**
   * The next answer on this connection, whole.
   * @throws Error if the connection ends first: a request was lost
   */
  async answer(): Promise<Answer> {
    for (let needed = 0; ; ) {
      // a long body is looked at once, when it is there
      const found = this.received.length - this.#read < needed && !this.ended ? undefined : parse(this.received.slice(this.#read), this.ended)
      if (found !== undefined) {
        this.#read += found.length
        return found.answer
      }
      needed ||= lengthOf(this.received.slice(this.#read, this.#read + 1_000))
      if (this.ended) throw new Error(`Lost: ${this.error?.code ?? 'closed'} after ${JSON.stringify(this.received.slice(this.#read, this.#read + 200))}`)
      await this.#more()
    }
  }

  /** Resolves when the server has ended its side, or the connection is gone. */
  async end(): Promise<void> {
    while (!this.ended) await this.#more()
  }

  get ended(): boolean {
    return this.socket.readableEnded || this.socket.closed
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

/** How many characters the answer at the start of `text` has, as far as its head tells. */
function lengthOf(text: string): number {
  const head = text.match(/^[^]*?\r\n\r\n/)?.[0]
  return head === undefined ? 0 : head.length + Number(head.match(/content-length: (\d+)/i)?.[1] ?? 0)
}

/** Reads one answer off the start of `text`; undefined while it is not whole. Skips 100 Continue. */
function parse(text: string, ended: boolean): { answer: Answer; length: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine, ...lines] = text.slice(0, headEnd).split('\r\n') as [string, ...string[]]
  const status = Number(statusLine.split(' ')[1])
  const start = headEnd + 4
  if (status === 100) {
    const next = parse(text.slice(start), ended)
    return next && { answer: next.answer, length: start + next.length }
  }
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const body = bodyOf(text.slice(start), headers, ended)
  return body && { answer: { status, headers, body: body.text }, length: start + body.length }
}

function bodyOf(text: string, headers: Record<string, string>, ended: boolean): { text: string; length: number } | undefined {
  const length = headers['content-length']
  if (length !== undefined) return text.length >= Number(length) ? { text: text.slice(0, Number(length)), length: Number(length) } : undefined
  if (headers['transfer-encoding'] !== 'chunked') return ended ? { text, length: text.length } : undefined
  let body = ''
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = parseInt(text.slice(at, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (text.length < next) return undefined
    if (size === 0) return { text: body, length: next }
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = next
  }
}
