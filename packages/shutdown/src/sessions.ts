import { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { type Server, type Socket } from 'node:net'
import { clearTimeout, setImmediate, setTimeout } from './clock'
import { Countdown } from './countdown'
import { type ConnectionCounts } from './drain'
import { sayGoAway, socketOf } from './goaway'

/** How long (ms) a connection may be silent after our FIN before it is destroyed without the peer's, as of HTTP/1. */
const LINGER = 1_000
// RFC 9113 §7. To read it from node:http2 is to load node:http2, at the start of every server.
const INTERNAL_ERROR = 0x2

/** The HTTP/2 sessions of a server that stops: each is told to go away, ends with its streams, and is cut at the end. */
export class Sessions {
  readonly #servers: readonly Server[]
  readonly #counts: ConnectionCounts
  readonly #onStream: (stream: ServerHttp2Stream) => void
  readonly #onEmptied: () => void
  /** Those that are open, and the timers of those that are told later. */
  readonly #open = new Map<ServerHttp2Session, NodeJS.Timeout | undefined>()
  readonly #cut = new WeakSet<ServerHttp2Session>()
  /** The connections that end by their sessions. */
  readonly #sockets = new Map<Socket, () => void>()
  /** Streams over which a session runs that are none of the server's own, such as a tunnel that was given to it. */
  readonly #carriers = new WeakSet<object>()
  /** After our FIN, and what each had brought by then. */
  readonly #bytesAtLinger = new WeakMap<Socket, number>()
  readonly #lingering = new Countdown<Socket>(LINGER, (socket) => this.#destroyIfSilent(socket))
  #closing = false

  /**
   * @param onStream - called with every stream that comes
   * @param onEmptied - called when the last session is closed
   */
  constructor(servers: readonly Server[], counts: ConnectionCounts, onStream: (stream: ServerHttp2Stream) => void, onEmptied: () => void) {
    this.#servers = servers.filter((server) => 'updateSettings' in server)
    this.#counts = counts
    this.#onStream = onStream
    this.#onEmptied = onEmptied
    for (const server of this.#servers) {
      server.on('session', this.add)
      server.prependListener('stream', this.respond) // before what may answer it
    }
  }

  get size(): number {
    return this.#open.size
  }

  /** A session that is open. */
  readonly add = (session: ServerHttp2Session): void => {
    if (this.#open.has(session)) return
    this.#open.set(session, undefined)
    const socket = socketOf(session)
    if (socket !== undefined) this.#carry(socket)
    session.once('close', () => {
      clearTimeout(this.#open.get(session))
      this.#open.delete(session)
      if (!this.#cut.has(session)) this.#counts.drained++
      if (this.#open.size === 0) this.#onEmptied()
    })
    if (this.#closing) void sayGoAway(session)
  }

  #carry(socket: Socket): void {
    this.#carriers.add(socket)
    const { stream } = socket as Socket & { stream?: unknown } // of a Duplex that Node has made a socket of
    if (typeof stream === 'object' && stream !== null) this.#carriers.add(stream)
    this.connect(socket)
  }

  /** Whether a session runs over it. */
  carries(socket: Socket): boolean {
    return this.#carriers.has(socket)
  }

  /** A connection of a session, which ends it with a FIN; the peer's may never come. */
  connect(socket: Socket): void {
    if (this.#sockets.has(socket) || socket.destroyed) return
    const linger = () => this.#linger(socket)
    this.#sockets.set(socket, linger)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#lingering.cancel(socket)
    })
    if (socket.writableFinished) linger()
    else socket.once('finish', linger)
  }

  /** A stream that is open, whose session may not be known yet: it is older than what records sessions. */
  readonly respond = (stream: ServerHttp2Stream): void => {
    const session = stream.session as ServerHttp2Session | undefined
    if (session !== undefined && !session.destroyed) this.add(session)
    this.#onStream(stream)
  }

  /**
   * GOAWAY; streams finish, later ones are refused so that clients may retry them (RFC 9113 §6.8, §8.7).
   * @param spread - ms over which the sessions there are are told, at even steps
   */
  close(spread: number): void {
    this.#closing = true
    const sessions = [...this.#open.keys()]
    for (const [index, session] of sessions.entries()) {
      const after = (spread * index) / sessions.length
      if (after === 0) void sayGoAway(session)
      else this.#open.set(session, setTimeout(sayGoAway, after, session))
    }
  }

  /** Reads on after our FIN, until the peer's or until it is silent. Node has the socket flow by itself. */
  #linger(socket: Socket): void {
    this.#bytesAtLinger.set(socket, socket.bytesRead)
    this.#lingering.start(socket)
  }

  #destroyIfSilent(socket: Socket): void {
    if (socket.bytesRead === this.#bytesAtLinger.get(socket)) socket.destroy()
    else this.#linger(socket)
  }

  /**
   * Destroys what is left. A session that still has streams which nobody has reset says with its last frame that they
   * have failed, and so does the missing end of each.
   */
  destroy(): void {
    const sockets = new Set(this.#sockets.keys())
    for (const [session, timer] of this.#open) {
      clearTimeout(timer)
      this.#counts.destroyed++
      this.#cut.add(session)
      session.close() // one without streams ends at once
      if (session.destroyed) continue
      session.goaway(INTERNAL_ERROR)
      const socket = socketOf(session)
      if (socket !== undefined) sockets.add(socket)
    }
    setImmediate(() => { // once that frame is written
      for (const socket of sockets) socket.destroy()
    })
  }

  /** Takes its listeners back: for a process that lives on. */
  release(): void {
    for (const server of this.#servers) {
      server.off('session', this.add)
      server.off('stream', this.respond)
    }
    for (const [socket, linger] of this.#sockets) socket.off('finish', linger)
  }
}
