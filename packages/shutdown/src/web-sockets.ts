import { until, now } from './clock'

/** What is needed of npm's ws: a WebSocketServer, or what looks the same. */
export interface WebSocketServer {
  readonly clients: ReadonlySet<WebSocket>
  close(callback?: (error?: Error) => void): void
}

interface WebSocket {
  close(code: number, reason: string): void
  terminate(): void
  once(event: 'close', listener: () => void): unknown
}

/** RFC 6455 §7.4.1: the endpoint is going away. */
const GOING_AWAY = 1001

/** The clients of one WebSocketServer: told with a close frame, awaited, terminated at the cut. */
export class WebSockets {
  readonly #server: WebSocketServer

  constructor(server: WebSocketServer) {
    this.#server = server
  }

  /**
   * Takes no new clients, and tells those there are, one after the other within `spread` ms.
   * Does not wait for them to go.
   */
  async close(reason: string, spread: number): Promise<void> {
    this.#server.close()
    const clients = [...this.#server.clients]
    const begun = now()
    for (const [index, client] of clients.entries()) {
      if (spread > 0) await until(begun + (spread * index) / clients.length)
      client.close(GOING_AWAY, reason)
    }
  }

  /** Resolves when no client is left. */
  async closed(): Promise<void> {
    for (const client of this.#server.clients) await new Promise<void>((resolve) => client.once('close', resolve))
  }

  /** How many clients there are. */
  get left(): number {
    return this.#server.clients.size
  }

  terminate(): void {
    for (const client of this.#server.clients) client.terminate()
  }
}

export function isWebSocketServer(value: object): value is WebSocketServer {
  const { clients, close, handleUpgrade } = value as Partial<WebSocketServer> & { handleUpgrade?: unknown }
  return clients instanceof Set && typeof close === 'function' && typeof handleUpgrade === 'function'
}
