import { Server as HttpServer } from 'node:http'
import { type Server, Socket } from 'node:net'
import { nextTick } from './clock'
import { standIn } from './stand-in'

const { closeIdleConnections } = HttpServer.prototype

/**
 * Which connections are between two messages, as Node's parser has it: it alone knows that the bytes which brought a
 * request held the beginning of another. Node tells nobody, and only destroys them: its `closeIdleConnections` runs while
 * their `destroy` notes that it was called, and no more (lib/_http_server.js, v20.20 and v26.10).
 * A connection that has brought nothing yet is none of them, nor is one of a server that never listened itself.
 */
export class IdleConnections {
  readonly #servers: readonly Server[]
  readonly #sockets: () => Iterable<Socket>
  /** Those that were idle when Node was asked last, and what they had brought by then. */
  readonly #bytes = new Map<Socket, number>()
  #asked = false

  /** @param sockets - all of the servers' connections */
  constructor(servers: readonly Server[], sockets: () => Iterable<Socket>) {
    this.#servers = servers
    this.#sockets = sockets
  }

  has(socket: Socket): boolean {
    if (this.#bytes.get(socket) === socket.bytesRead) return true
    if (this.#asked) return false
    this.#ask()
    return this.#bytes.get(socket) === socket.bytesRead
  }

  /** Once for all that are asked about together: Node goes through all of its connections. */
  #ask(): void {
    this.#asked = true
    nextTick(() => (this.#asked = false))
    const bytes = this.#bytes
    bytes.clear()
    const note = function (this: Socket): Socket {
      bytes.set(this, this.bytesRead)
      return this
    }
    const restores = [standIn(Socket.prototype, 'destroy', note)]
    try {
      for (const socket of this.#sockets()) {
        if (socket.destroy !== note) restores.push(standIn(socket, 'destroy', note)) // has its own, or is no net.Socket
        if (socket.destroy !== note) return // is frozen: it must not be destroyed
      }
      for (const server of this.#servers) closeIdleConnections.call(server as HttpServer)
    } finally {
      for (const restore of restores) restore?.()
    }
  }
}
