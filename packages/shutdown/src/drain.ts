import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type ServerHttp2Stream } from 'node:http2'
import { type Server, type Socket } from 'node:net'
import { type TLSSocket } from 'node:tls'
import { Gate } from './gate'
import { streamOf } from './http2-exchange'
import { IdleConnections } from './idle-connections'
import { Line, type Lines, Waits } from './line'
import { openConnections } from './node/open-connections'
import { Sessions } from './sessions'
import { type Exchange, type Target } from './target'

/** How connections ended: without a request of the stop on them, after a response, or by force. */
export interface ConnectionCounts {
  idle: number
  drained: number
  destroyed: number
}

/**
 * The connections of a target from the announcement on. Before the listener is closed it only has responses say
 * `Connection: close`, if it is told to; from `closeConnections()` on, each connection ends the way that loses least.
 * HTTP/2 connections end by their sessions.
 */
export class Drain implements Lines {
  /**
   * Whether responses say `Connection: close` whose heads are made from now on. Not between the hold and the close of the
   * listener: whoever is sent away then comes back to the very listener that is about to close.
   */
  tells = false
  readonly waits: Waits
  readonly counts: ConnectionCounts = { idle: 0, drained: 0, destroyed: 0 }
  readonly #target: Target
  /** Those it listens to: an App forgets a server that is closed. */
  readonly #servers: readonly Server[]
  readonly #known = new WeakSet<ServerResponse>()
  readonly #lines = new Map<Socket, Line>()
  readonly #requests = ['request', 'checkContinue', 'checkExpectation'].map((event) => new Gate(event, (req, res) => this.#respond(req, res)))
  /** A WebSocket that begins in the drain would have to end at once. */
  readonly #upgrades = new Gate('upgrade', (_req, socket: Socket) => this.#refuseUpgrade(socket))
  readonly #sessions: Sessions
  #closing = false
  #emptied: (() => void)[] = []
  readonly #onResponse: (res: ServerResponse | ServerHttp2Stream) => void

  /** @param onResponse - called with every open response, of HTTP/2 with its stream, and later with those of requests that come */
  constructor(target: Target, onResponse: (res: ServerResponse | ServerHttp2Stream) => void) {
    this.#target = target
    this.#servers = [...target.servers]
    this.waits = new Waits(new IdleConnections(this.#servers, () => this.#lines.keys()))
    this.#onResponse = onResponse
    this.#sessions = new Sessions(this.#servers, this.counts, onResponse, () => this.#checkEmptied())
    for (const session of target.sessions) this.#sessions.add(session)
    for (const server of this.#servers) {
      for (const gate of this.#requests) gate.take(server)
      server.on('connection', this.#connect)
      server.on('secureConnection', this.#secure)
    }
    for (const socket of target.connections) this.#connect(socket)
    for (const server of this.#servers) for (const socket of openConnections(server)) this.#connect(socket) // older than the target
    for (const { req, res, phase } of target.inflight) {
      if (phase !== 'background' && !res.writableFinished && !req.socket?.destroyed) this.#respond(req, res)
    }
    for (const line of this.#lines.values()) void line.open // finds what others answer
  }

  /**
   * From now on idle connections end, and busy ones after their last response.
   * @param spread - ms over which the HTTP/2 sessions there are get their GOAWAY, at even steps
   */
  closeConnections(spread = 0): void {
    this.#closing = true
    this.tells = true
    for (const server of this.#servers) this.#upgrades.take(server)
    this.#sessions.close(spread)
    for (const line of this.#lines.values()) line.closeWhenIdle()
  }

  /** Requests in flight that the target does not know: another listener of its servers answers them. */
  get foreign(): Exchange[] {
    const known = new Set<ServerResponse>()
    for (const { res } of this.#target.inflight) known.add(res)
    return [...this.#lines.values()].flatMap((line) => line.open.filter(({ res }) => !known.has(res)))
  }

  /** Connections that are left. */
  get size(): number {
    return this.#lines.size + this.#sessions.size
  }

  /** Resolves when no connection is left. */
  closed(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#emptied.push(resolve))
  }

  /** This connection ends with its response, whenever that is: the drain does not wait for it, and does not end it. */
  spare(socket: Socket): void {
    if (this.#lines.delete(socket)) this.#checkEmptied()
  }

  /** The time for half-sent requests and handshakes is over: FIN, and soon the end. */
  endSilent(): void {
    for (const line of this.#lines.values()) line.endSilent()
  }

  /** The time for all that is no request is over, upgraded sockets too. */
  abort(): void {
    for (const line of this.#lines.values()) line.abort()
  }

  /** Destroys what is left. */
  destroy(): void {
    this.#sessions.destroy()
    for (const [socket, line] of this.#lines) {
      if (!socket.destroyed) line.destroy()
    }
  }

  /** Takes its listeners back: for a process that lives on. */
  release(): void {
    for (const server of this.#servers) {
      server.off('connection', this.#connect)
      server.off('secureConnection', this.#secure)
    }
    for (const gate of [...this.#requests, this.#upgrades]) gate.release()
    this.#sessions.release()
  }

  readonly #connect = (socket: Socket): void => {
    if (this.#lines.has(socket) || socket.destroyed) return
    if (isHttp2(socket) || this.#sessions.carries(socket)) return this.#sessions.connect(socket)
    const line = new Line(socket, this)
    this.#lines.set(socket, line)
    socket.on('close', () => {
      line.closed()
      if (this.#lines.get(socket) === line) this.#lines.delete(socket)
      this.#checkEmptied()
    })
    if (this.#closing) line.closeWhenIdle()
  }

  found(req: IncomingMessage, res: ServerResponse): void {
    this.#respond(req, res)
  }

  /** A handshake is done: the raw socket under it, which the target no longer counts, is none of ours either. */
  readonly #secure = (socket: Socket): void => {
    for (const [raw, line] of this.#lines) {
      if (!isUnderTls(raw) || this.#target.connections.has(raw) || line.ended) continue
      line.supersede()
      this.#lines.delete(raw)
    }
    this.#connect(socket)
    this.#checkEmptied()
  }

  /**
   * Comes twice for a request that expects 100 Continue, by 'checkContinue' and by 'request'.
   * @returns whether it can be answered
   */
  #respond(req: IncomingMessage, res: ServerResponse): boolean {
    const stream = streamOf(res)
    if (stream !== undefined) {
      this.#sessions.respond(stream)
      return true
    }
    if (this.#known.has(res)) return true
    this.#known.add(res)
    if (req.httpVersionMajor < 2) {
      this.#connect(req.socket)
      if (this.#lines.get(req.socket)?.respond(req, res) === false) {
        req.resume()
        return false
      }
    }
    this.#onResponse(res)
    return true
  }

  #refuseUpgrade(socket: Socket): boolean {
    this.#connect(socket)
    this.#lines.get(socket)?.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n')
    return false
  }

  #checkEmptied(): void {
    if (this.size > 0) return
    for (const resolve of this.#emptied) resolve()
    this.#emptied = []
  }
}

/** The socket on which a server of TLS shakes hands, not the TLSSocket that comes of it. */
function isUnderTls(socket: Socket): boolean {
  const { server } = socket as Socket & { server?: Server }
  return server !== undefined && 'setSecureContext' in server && !('encrypted' in socket)
}

/** By what TLS agreed on; without TLS, by the server that accepted it: http2's are the only ones with updateSettings. */
function isHttp2(socket: Socket): boolean {
  const { alpnProtocol, encrypted } = socket as TLSSocket
  if (encrypted) return alpnProtocol === 'h2'
  const { server } = socket as Socket & { server?: Server }
  return server !== undefined && 'updateSettings' in server && !('setSecureContext' in server)
}

export function sum(counts: readonly ConnectionCounts[]): ConnectionCounts {
  const total = { idle: 0, drained: 0, destroyed: 0 }
  for (const { idle, drained, destroyed } of counts) {
    total.idle += idle
    total.drained += drained
    total.destroyed += destroyed
  }
  return total
}
