import { Server as HttpServer } from 'node:http'
import { type Server, Socket } from 'node:net'

/**
 * Which connections are between two messages, as Node's parser has it: it alone knows that the bytes which brought a
 * request held the beginning of another. Node tells nobody, and only ends them: `closeIdleConnections` is called, and
 * a `destroy` that destroys nothing stands by while it runs (lib/_http_server.js, v20.20 and v26.10).
 * A connection that has brought nothing yet is none of them.
 */
export class IdleConnections {
  readonly #servers: readonly Server[]
  /** Those that were idle when Node was asked last, and what they had brought by then. */
  readonly #bytes = new Map<Socket, number>()
  #asked = false

  constructor(servers: readonly Server[]) {
    this.#servers = servers
  }

  has(socket: Socket): boolean {
    if (this.#bytes.get(socket) === socket.bytesRead) return true
    if (this.#asked) return false
    this.#ask()
    return this.#bytes.get(socket) === socket.bytesRead
  }

  /** Once a turn of the event loop at most: Node goes through all of its connections. */
  #ask(): void {
    this.#asked = true
    setImmediate(() => (this.#asked = false))
    const bytes = this.#bytes
    bytes.clear()
    const { prototype } = Socket
    const own = Object.getOwnPropertyDescriptor(prototype, 'destroy')
    prototype.destroy = function () {
      bytes.set(this, this.bytesRead)
      return this
    }
    try {
      for (const server of this.#servers) HttpServer.prototype.closeIdleConnections.call(server)
    } finally {
      if (own === undefined) Reflect.deleteProperty(prototype, 'destroy')
      else Object.defineProperty(prototype, 'destroy', own)
    }
  }
}
