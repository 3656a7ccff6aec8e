import { type IncomingMessage, type Server as HttpServer } from 'node:http'
import { type Http2SecureServer, type Http2Server, type Http2ServerRequest, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { type Server as HttpsServer } from 'node:https'
import { type Socket } from 'node:net'
import { type TLSSocket } from 'node:tls'
import { nextTick } from './clock'
import { IdleSweep } from './idle-sweep'

/** Any of Node's servers that speak HTTP. */
export type Server = HttpServer | HttpsServer | Http2Server | Http2SecureServer

/** One connection, and what its requests leave on it. */
export class Connection {
  /** Requests on it whose response is open; more than one when the client pipelines. */
  open = 0
  /** The request that arrived last: it alone may say `Connection: close`, Node drops the responses behind one that does. */
  newest: object | undefined = undefined
  readonly socket: Socket
  /** What keeps its keepAliveTimeout, if Node does not. */
  sweep: IdleSweep | undefined = undefined
  /** When (ms of the clock's `now`) a sweep first saw it idle; 0 while it is not, Infinity once it was told. */
  #idleSince = 0
  /** How many bytes it had carried then. */
  #bytes = 0

  constructor(socket: Socket) {
    this.socket = socket
  }

  /** Tells the socket, as Node would, when its timeout has passed without a byte. */
  checkIdle(now: number): void {
    const { socket } = this
    if (!socket.timeout) {
      this.#idleSince = 0
      return
    }
    const bytes = socket.bytesRead + socket.bytesWritten
    if (this.#idleSince === 0 || bytes !== this.#bytes) {
      this.#idleSince = now
      this.#bytes = bytes
    } else if (now - this.#idleSince >= socket.timeout) {
      this.#idleSince = Infinity
      socket.emit('timeout')
    }
  }

  responseEnded(): void {
    if (--this.open === 0) this.newest = undefined
  }
}

/**
 * Every open connection of the servers it watches: a Set of the sockets that can be spoken on.
 * A TLS connection shows as its raw socket until the handshake is done, then as its TLSSocket.
 */
export class Connections extends Set<Socket> {
  /** Those that are followed, until they are closed. */
  readonly servers = new Set<Server>()
  /** HTTP/2 sessions, which live on one of the connections each. */
  readonly sessions = new Set<ServerHttp2Session>()
  readonly #records = new Map<Socket, Connection>()
  readonly #handshaking = new Map<string, Socket>()
  readonly #onLostPipeline: (socket: Socket) => void

  /** @param onLostPipeline - a connection with several open responses has closed: Node 20 and 22 tell only the first */
  constructor(onLostPipeline: (socket: Socket) => void) {
    super()
    this.#onLostPipeline = onLostPipeline
  }

  /**
   * Follows `server`'s connections from now on. Those it has already are met with their next request.
   * @param sweep - keeps its keepAliveTimeout; of http only
   */
  follow(server: Server, sweep?: IdleSweep): void {
    this.servers.add(server)
    server.on('close', () => this.servers.delete(server))
    server.on('listening', () => this.servers.add(server))
    if ('setSecureContext' in server) { // of TLS: https and http2, too
      server.on('connection', (socket: Socket) => this.#handshake(socket))
      server.on('secureConnection', (socket: TLSSocket) => this.#secure(socket))
    } else {
      server.on('connection', (socket: Socket) => this.add(socket, sweep))
    }
    server.on('session', (session: ServerHttp2Session) => this.#addSession(session))
  }

  /** Follows a server whose responses are of our own class, so that idle connections need no timers. */
  followSwept(server: HttpServer): void {
    this.follow(server, new IdleSweep(server, this.#records))
  }

  override add(socket: Socket, sweep?: IdleSweep): this {
    if (this.has(socket) || socket.destroyed) return this
    super.add(socket)
    const connection = new Connection(socket)
    this.#records.set(socket, connection)
    sweep?.watch(connection)
    socket.on('close', () => {
      this.delete(socket)
      this.#records.delete(socket)
      if (connection.open === 0) return
      // Those behind a response that says close are dropped too: after this turn none of them is still to be told.
      nextTick(() => connection.open > 0 && this.#onLostPipeline(socket))
    })
    return this
  }

  /** The record of a request's connection, none for HTTP/2. A server that is met for the first time is followed. */
  ofRequest(req: IncomingMessage | Http2ServerRequest): Connection | undefined {
    if (req.httpVersionMajor >= 2) {
      const stream: ServerHttp2Stream | undefined = (req as Http2ServerRequest).stream
      const session = stream?.session as ServerHttp2Session | undefined
      if (session === undefined || this.sessions.has(session)) return undefined
      this.#meet(session.socket)
      this.#addSession(session)
      return undefined
    }
    const socket = req.socket as Socket | undefined
    if (socket === undefined) return undefined
    return this.#records.get(socket) ?? this.#meet(socket)
  }

  #meet(socket: Socket): Connection | undefined {
    const { server } = socket as Socket & { server?: Server }
    if (server?.listening && !this.servers.has(server)) this.follow(server) // that of `inject` does not listen
    if (typeof socket.once !== 'function') return undefined // a stand-in
    this.add(socket)
    return this.#records.get(socket)
  }

  #addSession(session: ServerHttp2Session): void {
    this.sessions.add(session)
    session.once('close', () => this.sessions.delete(session))
  }

  #handshake(socket: Socket): void {
    const peer = peerOf(socket)
    if (peer === undefined) return // over a unix socket it shows only once it is secure
    this.#handshaking.set(peer, socket)
    this.add(socket)
    socket.once('close', () => {
      if (this.#handshaking.get(peer) === socket) this.#handshaking.delete(peer)
    })
  }

  #secure(socket: TLSSocket): void {
    const peer = peerOf(socket)
    const raw = peer === undefined ? undefined : this.#handshaking.get(peer)
    if (raw !== undefined) {
      this.#handshaking.delete(peer as string)
      this.delete(raw)
    }
    this.add(socket)
  }
}

/**
 * What a TLSSocket shares with the raw socket under it: Node has no public way from the one to the other.
 */
function peerOf(socket: Socket): string | undefined {
  if (socket.remotePort === undefined) return undefined
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`
}
