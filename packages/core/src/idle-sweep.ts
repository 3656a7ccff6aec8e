import { type Server } from 'node:http'
import { Socket } from 'node:net'
import { now, setImmediate, setTimeout } from './clock'
import { type Connection } from './connections'

/** A shorter keepAliveTimeout (ms) is left to Node's timers. */
const SHORTEST = 1_000
/** A connection that is idle is seen to be so at the latest after this share of the timeout, */
const SHARE = 1 / 5
/** and after so long (ms). */
const LONGEST_PAUSE = 5_000

/** Set on a socket when a response on it is finished, until Node has said how long it may be idle. */
export const finishing = Symbol('finishing')

/** A socket that a sweep watches. */
export type Watched = Socket & { [finishing]?: boolean }

/**
 * Keeps a server's keepAliveTimeout: looks at all connections now and then, where Node starts a timer with each response
 * and stops it with the next request, 1.1k instructions of 49k (Node 20).
 * Node says by `socket.setTimeout(ms)` how long a connection may stay idle, as soon as a finished response has let it go
 * (lib/_http_server.js, resOnFinish and resetSocketTimeout, v20.20). That call, and its 0 when the next request comes,
 * are kept here; with any other, Node's own method is back for the rest of the connection.
 * What has been idle for too long is told as by Node, with 'timeout': later than by Node, by two fifths of the
 * keepAliveTimeout or 10 s at most, and never before a request that the kernel holds has been read.
 */
export class IdleSweep {
  readonly #server: Server
  readonly #connections: ReadonlyMap<Socket, Connection>
  readonly #setTimeout: Socket['setTimeout']
  #waiting = false

  /** @param connections - those of this server, and of others, which are left alone */
  constructor(server: Server, connections: ReadonlyMap<Socket, Connection>) {
    this.#server = server
    this.#connections = connections
    const isIdleTimeout = (ms: number): boolean => this.#isIdleTimeout(ms)
    this.#setTimeout = function (this: Watched, ms: number, callback?: () => void): Socket {
      if (callback === undefined && (ms === 0 || (this[finishing] && isIdleTimeout(ms)))) {
        this[finishing] = false
        ;(this as { timeout: number }).timeout = ms // read-only to others
        return this
      }
      const connection = connections.get(this)
      if (connection !== undefined) connection.sweep = undefined
      this.setTimeout = setSocketTimeout
      return this.setTimeout(ms, callback)
    }
  }

  /** Watches one of the server's connections, unless it has a timeout, or a `setTimeout`, of its own already. */
  watch(connection: Connection): void {
    const { socket } = connection
    if (socket.timeout || socket.setTimeout !== setSocketTimeout) return
    connection.sweep = this
    socket.setTimeout = this.#setTimeout
    this.#wait()
  }

  /** Node waits longer than it says to clients: by 1 s (20.20), not at all (before), by a property (since 22). */
  #isIdleTimeout(ms: number): boolean {
    const { keepAliveTimeout, keepAliveTimeoutBuffer = 1_000 } = this.#server as Server & { keepAliveTimeoutBuffer?: number }
    return keepAliveTimeout >= SHORTEST && (ms === keepAliveTimeout || ms === keepAliveTimeout + keepAliveTimeoutBuffer)
  }

  #wait(): void {
    if (this.#waiting) return
    this.#waiting = true
    const { keepAliveTimeout } = this.#server
    const pause = keepAliveTimeout >= SHORTEST ? Math.min(keepAliveTimeout * SHARE, LONGEST_PAUSE) : LONGEST_PAUSE
    // After the timer the loop reads what has come: a request that waited while it was busy makes a connection active.
    setTimeout(() => setImmediate(this.#sweep), pause).unref()
  }

  readonly #sweep = (): void => {
    this.#waiting = false
    const seenAt = now()
    for (const connection of this.#connections.values()) {
      if (connection.sweep !== this) continue
      this.#wait() // before anything that may throw
      connection.checkIdle(seenAt)
    }
  }
}

const { setTimeout: setSocketTimeout } = Socket.prototype
