import { once } from 'node:events'
import http, { type IncomingHttpHeaders } from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import v8 from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { type App, type Server } from '@ebbjs/core'

const running: { app: App | undefined; server: Server }[] = []
const clients = new Set<Socket>()

/** Lets a server listen on a free port until the test is over; the app's own `listen` without one. */
export async function serve(app: App, server: Server = app.listen(0)): Promise<number> {
  running.push({ app, server })
  return portOf(server)
}

/** The same for a server that is no App's. */
export async function serveAny(server: Server): Promise<number> {
  running.push({ app: undefined, server })
  return portOf(server)
}

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Nothing may be in flight and no socket left, whatever the test did. */
afterEach(async () => {
  for (const client of clients) client.destroy()
  for (const { app, server } of running.splice(0)) {
    if (app !== undefined) await idle(app)
    if (app !== undefined) expect(app.inflight.size, 'requests in flight after a test').to.equal(0)
    if (!server.listening) continue
    const closed = [...(app?.connections ?? [])].map((socket) => socket.closed || once(socket, 'close'))
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
    await once(server, 'close')
    await Promise.all(closed)
    if (app !== undefined) expect(app.connections.size, 'connections after a test').to.equal(0)
  }
})

/** Some handlers end only as garbage (koa-connect). */
async function idle(app: App): Promise<void> {
  for (let turn = 0; turn < 20 && app.inflight.size > 0; turn++) await new Promise(setImmediate)
  if (app.inflight.size > 0) collectGarbage()
  await app.idle()
}

export interface Answer {
  status: number
  message: string
  headers: IncomingHttpHeaders
  body: string
}

export interface Asked {
  method?: string
  path?: string
  headers?: Record<string, string>
  body?: string | Buffer
  /** Options of http.request or https.request. */
  via?: typeof http.request
}

/** One request on a connection of its own. */
export async function ask(port: number, { method = 'GET', path = '/', headers = {}, body, via = http.request }: Asked = {}): Promise<Answer> {
  const req = via({ port, method, path, headers, agent: false, rejectUnauthorized: false } as http.RequestOptions)
  req.end(body)
  const [res] = (await once(req, 'response')) as [http.IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk as Buffer)
  return { status: res.statusCode as number, message: res.statusMessage as string, headers: res.headers, body: Buffer.concat(chunks).toString() }
}

/** A client of bytes: what it has received is `text`. */
export class Client {
  text = ''
  readonly socket: Socket
  readonly closed: Promise<unknown>
  #wake = () => {}

  /** @param socket - a connected or connecting socket; one to `port` if it is a number */
  constructor(socket: Socket | number) {
    this.socket = typeof socket === 'number' ? net.connect(socket, '127.0.0.1') : socket
    clients.add(this.socket)
    this.closed = new Promise((resolve) => this.socket.once('close', resolve))
    this.socket.once('close', () => clients.delete(this.socket))
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1')
      this.#wake()
    })
    this.socket.on('close', () => this.#wake())
  }

  send(bytes: string): this {
    this.socket.write(bytes, 'latin1')
    return this
  }

  /** Resolves once `text` contains `part` (as often as `times`). */
  async sees(part: string, times = 1): Promise<string> {
    while (this.text.split(part).length <= times) {
      if (this.socket.destroyed) throw new Error(`closed before ${JSON.stringify(part)}; received ${JSON.stringify(this.text)}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    return this.text
  }

  /** What was received when the server had closed the connection. */
  async all(): Promise<string> {
    await this.closed
    return this.text
  }
}

/** A promise that the test settles. */
export function gate<T = void>(): { promise: Promise<T>; open: (value: T) => void; fail: (error: unknown) => void } {
  let open!: (value: T) => void
  let fail!: (error: unknown) => void
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { promise, open, fail }
}

/** Runs `work` and returns what it printed with console.error instead of printing it. */
export async function printed(work: () => unknown): Promise<string[]> {
  const { error } = console
  const lines: string[] = []
  console.error = (...parts: unknown[]) => void lines.push(parts.map(String).join(' '))
  try {
    await work()
  } finally {
    console.error = error
  }
  return lines
}

v8.setFlagsFromString('--expose-gc')
export const collectGarbage = runInNewContext('gc') as () => void

/** The head of a request that asks for the connection to stay. */
export const GET = 'GET / HTTP/1.1\r\nHost: ebb\r\n\r\n'
