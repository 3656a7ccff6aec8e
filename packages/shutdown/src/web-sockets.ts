import { now, settledBy } from './clock'

/** Connections that their server tells to leave: those of npm's ws, or of socket.io. */
export interface LongLived {
  /**
   * Takes no new clients; tells those there are, one after the other within `spread` ms, once `after` has settled.
   * Does not wait for them to go. Never rejects.
   */
  close(reason: string, spread: number, after: Promise<unknown>): Promise<void>
  /** Whoever was not told is told at once. */
  hurry(): void
  /** Resolves when no client is left that was told. */
  closed(): Promise<void>
  /** Ends those that are left at once. */
  terminate(): void
  /** How many are there; once terminated, how many had to be. */
  readonly left: number
}

/** What is needed of npm's ws: a WebSocketServer, or what looks the same. */
export interface WebSocketServer {
  readonly clients: ReadonlySet<WebSocket>
  close(callback?: (error?: Error) => void): void
}

interface WebSocket {
  readonly readyState?: number
  close(code: number, reason: string): void
  terminate(): void
  once(event: 'close', listener: () => void): unknown
}

/** RFC 6455 §7.4.1: the endpoint is going away. */
const GOING_AWAY = 1001
/** `readyState` of one that may still be told; one whose owner has closed it keeps the owner's code. */
const OPEN = 1
const CLOSED = 3

/** The clients of one WebSocketServer: told with a close frame, awaited, terminated at the cut. */
export class WebSockets implements LongLived {
  readonly #server: WebSocketServer
  readonly #patience = new Patience()
  #reason = 'The server is stopping'
  #terminated: number | undefined = undefined

  constructor(server: WebSocketServer) {
    this.#server = server
  }

  async close(reason: string, spread: number, after: Promise<unknown>): Promise<void> {
    this.#reason = reason
    attempt(() => this.#server.close())
    await this.#patience.wait(after)
    await this.#patience.spread([...this.#server.clients].filter(isOpen), spread, this.#tell)
  }

  hurry(): void {
    this.#patience.end()
    for (const client of this.#server.clients) this.#tell(client)
  }

  readonly #tell = (client: WebSocket): void => {
    if (isOpen(client)) attempt(() => client.close(GOING_AWAY, this.#reason))
  }

  async closed(): Promise<void> {
    for (const client of this.#server.clients) {
      if (client.readyState !== CLOSED) await new Promise<void>((resolve) => client.once('close', resolve))
    }
  }

  terminate(): void {
    this.#terminated = this.left
    for (const client of this.#server.clients) attempt(() => client.terminate())
  }

  get left(): number {
    return this.#terminated ?? [...this.#server.clients].filter(({ readyState }) => readyState !== CLOSED).length
  }
}

/** Waits, until somebody is in a hurry. */
export class Patience {
  #over = false
  #end: () => void = () => {}
  readonly #ended = new Promise<void>((resolve) => (this.#end = resolve))

  end(): void {
    this.#over = true
    this.#end()
  }

  async wait(work: Promise<unknown>): Promise<void> {
    await Promise.race([work.catch(() => {}), this.#ended])
  }

  /** Tells all of them at even steps within `ms`. */
  async spread<T>(clients: readonly T[], ms: number, tell: (client: T) => void): Promise<void> {
    const begun = now()
    for (const [index, client] of clients.entries()) {
      const at = begun + (ms * index) / clients.length
      if (!this.#over && at > now()) await settledBy(this.#ended, at)
      tell(client)
    }
  }
}

/** Does what may throw for one client, so that the others are told. */
export function attempt(act: () => unknown): void {
  try {
    act()
  } catch {
    // It is gone, or will be terminated.
  }
}

export function isWebSocketServer(value: object): value is WebSocketServer {
  const { clients, close, handleUpgrade } = value as Partial<WebSocketServer> & { handleUpgrade?: unknown }
  return clients instanceof Set && typeof close === 'function' && typeof handleUpgrade === 'function'
}

function isOpen({ readyState = OPEN }: WebSocket): boolean {
  return readyState === OPEN
}
