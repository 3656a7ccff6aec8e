import { has, read } from './awaited-call'
import { attempt, type LongLived, Patience } from './web-sockets'

/** What is needed of a Server of npm's socket.io; of its engine only what engine.io documents. */
export interface SocketIoServer {
  /** Of engine.io; undefined until it is attached to a server. */
  readonly engine?: Engine | undefined
  close(): unknown
}

interface Engine {
  readonly clients: Readonly<Record<string, EngineSocket>>
  on(event: 'connection', listener: (client: EngineSocket) => void): unknown
}

interface EngineSocket {
  readonly readyState: 'opening' | 'open' | 'closing' | 'closed'
  readonly transport: { readonly name: string }
  /** @param discard - without what it has still to send */
  close(discard?: boolean): void
  once(event: 'close', listener: () => void): unknown
}

/**
 * The clients of one socket.io Server. Their transports are closed, by which they connect again, to another process: a
 * client that is told by `disconnectSockets()` does not ("io server disconnect"). `io.close()` would close the HTTP
 * server, too, with Node's sweep over its connections: it runs in the clean-up.
 */
export class SocketIo implements LongLived {
  readonly #io: SocketIoServer
  readonly #patience = new Patience()
  #terminated: number | undefined = undefined

  constructor(io: SocketIoServer) {
    this.#io = io
  }

  /** Its clients get no reason: their protocol has none. */
  async close(_reason: string, spread: number, after: Promise<unknown>): Promise<void> {
    await this.#patience.wait(after)
    this.#io.engine?.on('connection', tell) // by a connection that was open: the listener is closed
    await this.#patience.spread(this.#clients, spread, tell)
  }

  hurry(): void {
    this.#patience.end()
    for (const client of this.#clients) tell(client)
  }

  /** Does not wait for those that poll: their requests are waited for as requests in flight, if one is open. */
  async closed(): Promise<void> {
    for (const client of this.#connected) await new Promise<void>((resolve) => client.once('close', resolve))
  }

  terminate(): void {
    this.#terminated = this.left
    for (const client of this.#clients) attempt(() => client.close(true))
  }

  get left(): number {
    return this.#terminated ?? this.#connected.length
  }

  get #clients(): EngineSocket[] {
    return Object.values(this.#io.engine?.clients ?? {})
  }

  get #connected(): EngineSocket[] {
    return this.#clients.filter(({ readyState, transport }) => readyState !== 'closed' && transport.name !== 'polling')
  }
}

/** Sends what is still to be sent first. */
function tell(client: EngineSocket): void {
  if (client.readyState === 'open') attempt(() => client.close())
}

export function isSocketIo(value: object): value is SocketIoServer {
  return has(value, 'of', 'use', 'disconnectSockets', 'close') && typeof read(value, 'sockets') === 'object'
}
