import { type Server, type Socket } from 'node:net'

type Listener = (...args: unknown[]) => void

/**
 * Stands between servers and their 'upgrade' listeners from the drain on: a WebSocket that begins now would have to
 * end at once. Takes nothing from a server that has none: Node answers an upgrade there as a plain request.
 */
export class Upgrades {
  readonly #taken: [server: Server, listeners: Listener[]][] = []
  readonly #refuse: Listener

  /** @param end - writes a last answer to a connection, and ends it */
  constructor(end: (socket: Socket, answer: string) => void) {
    this.#refuse = (_req, socket) =>
      end(socket as Socket, 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n')
  }

  refuse(server: Server): void {
    const listeners = server.rawListeners('upgrade') as Listener[]
    if (listeners.length === 0) return
    server.removeAllListeners('upgrade')
    server.on('upgrade', this.#refuse)
    this.#taken.push([server, listeners])
  }

  /** Gives the listeners back: for a process that lives on. */
  release(): void {
    for (const [server, listeners] of this.#taken) {
      server.off('upgrade', this.#refuse)
      for (const listener of listeners) server.on('upgrade', listener)
    }
  }
}
