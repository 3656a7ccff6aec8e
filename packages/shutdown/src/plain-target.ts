import EventEmitter, { once } from 'node:events'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type ServerHttp2Session } from 'node:http2'
import { type Server, type Socket } from 'node:net'
import { type TLSSocket } from 'node:tls'
import { type Exchange, type Stop, type Target } from './target'
import { refuse } from './refuse'

/** What Node emits instead of 'request' for requests with an `Expect` header, where somebody listens. */
const EXPECT_EVENTS: readonly string[] = ['checkContinue', 'checkExpectation']

type Listener = (...args: unknown[]) => unknown

/**
 * The record that an App keeps by itself, kept of a server of Node's from here on. Once a stop begins, requests reach
 * the server's 'request' listeners through its gate. Handlers have no signal, and count as ended with their response.
 */
export class PlainTarget implements Target {
  readonly server: Server
  readonly servers: ReadonlySet<Server>
  readonly connections = new Set<Socket>()
  readonly sessions = new Set<ServerHttp2Session>()
  readonly inflight = new Set<Exchange>()
  /** How many responses are open on each connection. */
  readonly #open = new WeakMap<Socket, number>()
  readonly #handshaking = new Map<string, Socket>()
  readonly #emptied = new EventEmitter()
  /** Requests that wait at the gate, and how often it was closed. */
  #held: (() => void)[] = []
  #holds = 0
  #stop: (Stop & { error: Error }) | undefined
  /** By their responses: a request that expects 100 Continue is told twice. */
  readonly #exchanges = new WeakMap<ServerResponse, Exchange>()
  readonly #listeners: [event: string, listener: Listener][] = []
  readonly #gates: [event: string, gate: Listener, listeners: Listener[]][] = []
  #takenOver = false

  constructor(server: Server) {
    this.server = server
    this.servers = new Set([server])
    if ('setSecureContext' in server) { // of TLS: https and http2, too
      this.#listen('connection', (raw: Socket) => this.#handshake(raw))
      this.#listen('secureConnection', (socket: TLSSocket) => this.#secure(socket))
    } else {
      this.#listen('connection', (socket: Socket) => this.#connect(socket))
    }
    this.#listen('session', (session: ServerHttp2Session) => {
      this.sessions.add(session)
      session.once('close', () => this.sessions.delete(session))
    })
    server.prependListener('request', this.#record)
    // Node answers `Expect` itself unless there is a listener, so ours must not be the first.
    for (const event of EXPECT_EVENTS) {
      if (server.listenerCount(event) > 0) server.prependListener(event, this.#record)
    }
    server.on('newListener', this.#recordExpect)
  }

  #listen<T>(event: string, listener: (arg: T) => void): void {
    this.server.on(event, listener)
    this.#listeners.push([event, listener as Listener])
  }

  /** Leaves the server as it was found. */
  release(): void {
    const { server } = this
    server.off('newListener', this.#recordExpect)
    for (const [event, listener] of this.#listeners.splice(0)) server.off(event, listener)
    for (const event of ['request', ...EXPECT_EVENTS]) server.off(event, this.#record)
    for (const [event, gate, listeners] of this.#gates.splice(0)) {
      server.off(event, gate)
      for (const listener of listeners) server.on(event, listener)
    }
  }

  async idle(): Promise<void> {
    while (this.inflight.size > 0) await once(this.#emptied, 'idle')
  }

  hold(): () => void {
    let released = false
    this.#holds++
    return () => {
      if (released) return
      released = true
      if (--this.#holds > 0) return
      const held = this.#held
      this.#held = []
      for (const proceed of held) proceed()
    }
  }

  beginStop(stop: Stop): Error {
    this.#stop ??= { ...stop, error: new Error(`The server is stopping (${stop.cause})`) }
    return this.#stop.error
  }

  /** Puts the gate between the server and its listeners of requests, which keep their order and their `once`. */
  takeOver(): void {
    if (this.#takenOver) return
    this.#takenOver = true
    this.server.off('newListener', this.#recordExpect)
    for (const event of ['request', ...EXPECT_EVENTS]) {
      this.server.off(event, this.#record)
      const listeners = this.server.rawListeners(event) as Listener[]
      if (listeners.length > 0) this.#takeOver(event, listeners)
    }
  }

  #takeOver(event: string, listeners: Listener[]): void {
    const { server } = this
    server.removeAllListeners(event)
    const gate = (req: IncomingMessage, res: ServerResponse) => {
      const known = this.#exchanges.has(res)
      const exchange = this.#record(req, res)
      const proceed = () => {
        if (!known && this.#stop !== undefined && !this.#stop.admit(exchange)) void refuse(res, this.#stop.error)
        else for (const listener of listeners) void listener.call(server, req, res)
      }
      if (this.#holds > 0) this.#held.push(proceed)
      else proceed()
    }
    server.on(event, gate)
    this.#gates.push([event, gate as Listener, listeners])
  }

  readonly #recordExpect = (event: string | symbol, listener: unknown): void => {
    if (!EXPECT_EVENTS.includes(event as string) || listener === this.#record) return
    if (this.server.listeners(event as string).includes(this.#record as Listener)) return
    this.server.prependListener(event as string, this.#record)
  }

  readonly #record = (req: IncomingMessage, res: ServerResponse): Exchange => {
    const known = this.#exchanges.get(res)
    if (known !== undefined) return known
    const exchange = new PlainExchange(req, res)
    this.#exchanges.set(res, exchange)
    this.inflight.add(exchange)
    if (req.httpVersionMajor < 2) {
      this.#connect(req.socket)
      this.#count(req, 1)
    }
    res.once('close', () => this.#ended(exchange))
    return exchange
  }

  #ended(exchange: Exchange): void {
    if (!this.inflight.delete(exchange)) return
    if (exchange.req.httpVersionMajor < 2) this.#count(exchange.req, -1)
    if (this.inflight.size === 0) this.#emptied.emit('idle')
  }

  #count({ socket }: IncomingMessage, more: 1 | -1): void {
    this.#open.set(socket, (this.#open.get(socket) ?? 0) + more)
  }

  #connect(socket: Socket): void {
    if (this.connections.has(socket) || socket.destroyed) return
    this.connections.add(socket)
    socket.once('close', () => {
      this.connections.delete(socket)
      // Node 20 and 22 close queued responses of a pipeline without a word
      process.nextTick(() => {
        if (!this.#open.get(socket)) return
        for (const exchange of this.inflight) if (exchange.req.socket === socket) this.#ended(exchange)
      })
    })
  }

  /** The raw socket counts until the TLSSocket on it does; they share nothing public but their addresses. */
  #handshake(raw: Socket): void {
    if (raw.remotePort === undefined) return // a unix socket counts once it is secure
    this.#connect(raw)
    const peer = peerOf(raw)
    this.#handshaking.set(peer, raw)
    raw.once('close', () => {
      if (this.#handshaking.get(peer) === raw) this.#handshaking.delete(peer)
    })
  }

  #secure(socket: TLSSocket): void {
    const peer = peerOf(socket)
    const raw = this.#handshaking.get(peer)
    if (raw !== undefined) {
      this.#handshaking.delete(peer)
      this.connections.delete(raw)
    }
    this.#connect(socket)
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

/** A request of which nothing is known but itself. */
export class PlainExchange implements Exchange {
  readonly startedAt = Date.now()
  readonly req: IncomingMessage
  readonly res: ServerResponse

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.req = req
    this.res = res
  }

  get phase(): Exchange['phase'] {
    return this.res.headersSent ? 'response' : 'handler'
  }

  /** Its handler knows no signal. */
  abort(): void {}
}
