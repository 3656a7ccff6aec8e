import EventEmitter, { once } from 'node:events'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { type Server, type Socket } from 'node:net'
import { type TLSSocket } from 'node:tls'
import { nextTick } from './clock'
import { callAll, type Listener } from './gate'
import { Http2Exchange } from './http2-exchange'
import { type Exchange, type Stop, type Target } from './target'
import { refuse } from './refuse'

/** What Node emits instead of 'request' for requests with an `Expect` header, where somebody listens. */
const EXPECT_EVENTS: readonly string[] = ['checkContinue', 'checkExpectation']
/** Where a listener tells requests of HTTP/1. Those of HTTP/2 are told by 'stream'. */
const REQUEST_EVENTS: readonly string[] = ['request', ...EXPECT_EVENTS]

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
  /** By their responses: a request that expects 100 Continue is told twice. Of HTTP/2 by their streams. */
  readonly #exchanges = new WeakMap<ServerResponse | ServerHttp2Stream, Exchange>()
  /** Of which the first listener means something to Node, so that ours must be none but the second. */
  readonly #delicate: readonly string[]
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
    if ('updateSettings' in server) { // of HTTP/2
      this.#listen('session', (session: ServerHttp2Session) => this.#addSession(session))
      server.prependListener('stream', this.#recordStream)
      // With the first 'request' listener Node begins to answer streams in its own way, beside the listeners of 'stream'.
      this.#delicate = REQUEST_EVENTS
    } else {
      server.prependListener('request', this.#record)
      this.#delicate = EXPECT_EVENTS
    }
    // Node answers `Expect` itself unless there is a listener.
    for (const event of this.#delicate) {
      if (server.listenerCount(event) > 0) server.prependListener(event, this.#record)
    }
    server.on('newListener', this.#recordLater)
  }

  #listen<T>(event: string, listener: (arg: T) => void): void {
    this.server.on(event, listener)
    this.#listeners.push([event, listener as Listener])
  }

  /** Leaves the server as it was found. */
  release(): void {
    const { server } = this
    server.off('newListener', this.#recordLater)
    for (const [event, listener] of this.#listeners.splice(0)) server.off(event, listener)
    for (const event of REQUEST_EVENTS) server.off(event, this.#record)
    server.off('stream', this.#recordStream)
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
      for (const proceed of held) {
        try {
          proceed()
        } catch (error) { // a listener's: as uncaught as where Node calls it, and no matter of the others'
          nextTick(() => {
            throw error
          })
        }
      }
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
    const { server } = this
    server.off('newListener', this.#recordLater)
    for (const event of REQUEST_EVENTS) {
      server.off(event, this.#record)
      this.#takeOver(event, (listeners) => (req: IncomingMessage, res: ServerResponse) => this.#pass(listeners, req, res))
    }
    if (!('updateSettings' in server)) return
    server.off('stream', this.#recordStream)
    this.#takeOver('stream', (listeners) => (...args: StreamArguments) => this.#passStream(listeners, args))
  }

  #takeOver(event: string, gateTo: (listeners: Listener[]) => (...args: never[]) => unknown): void {
    const { server } = this
    const listeners = server.rawListeners(event) as Listener[]
    if (listeners.length === 0) return
    server.removeAllListeners(event)
    const gate = gateTo(listeners) as Listener
    server.on(event, gate)
    this.#gates.push([event, gate, listeners])
  }

  /** @returns what the listeners do: an emitter that captures rejections looks at it */
  #pass(listeners: Listener[], req: IncomingMessage, res: ServerResponse): unknown {
    const proceed = (): unknown => callAll(this.server, listeners, [req, res])
    const known = this.#exchanges.has(res)
    const exchange = this.#record(req, res)
    if (exchange === undefined) return proceed() // its stream has passed already
    const admitted = (): unknown => (known || this.#admits(exchange) ? proceed() : undefined)
    return this.#holds > 0 ? this.#hold(admitted) : admitted()
  }

  #hold(proceed: () => unknown): Promise<unknown> {
    return new Promise((resolve) => this.#held.push(() => resolve(proceed())))
  }

  #passStream(listeners: Listener[], args: StreamArguments): unknown {
    const [stream] = args
    const exchange = this.#recordStream(...args)
    const proceed = (): unknown => {
      if (stream.destroyed || stream.closed) return undefined // its client has left while it was held
      return this.#admits(exchange) ? callAll(this.server, listeners, args) : undefined
    }
    if (this.#holds === 0) return proceed()
    const tell = attend(stream)
    return this.#hold(() => {
      try {
        return proceed()
      } finally {
        tell()
      }
    })
  }

  #admits(exchange: Exchange): boolean {
    if (this.#stop === undefined || this.#stop.admit(exchange)) return true
    void refuse(exchange.res, this.#stop.error)
    return false
  }

  readonly #recordLater = (event: string | symbol, listener: unknown): void => {
    if (!this.#delicate.includes(event as string) || listener === this.#record) return
    if (this.server.listeners(event as string).includes(this.#record as Listener)) return
    this.server.prependListener(event as string, this.#record)
  }

  readonly #recordStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags?: number, rawHeaders?: string[]): Exchange => {
    const known = this.#exchanges.get(stream)
    if (known !== undefined) return known
    const exchange = new Http2Exchange(stream, headers, rawHeaders)
    this.#exchanges.set(stream, exchange)
    const session = stream.session as ServerHttp2Session | undefined
    if (session !== undefined) this.#addSession(session) // it may be older than we are
    if (stream.destroyed) return exchange
    this.inflight.add(exchange)
    stream.once('close', () => this.#ended(exchange))
    return exchange
  }

  #addSession(session: ServerHttp2Session): void {
    if (this.sessions.has(session) || session.destroyed) return
    this.sessions.add(session)
    session.once('close', () => this.sessions.delete(session))
  }

  /** @returns undefined for one of HTTP/2, which is recorded by its stream */
  readonly #record = (req: IncomingMessage, res: ServerResponse): Exchange | undefined => {
    if (req.httpVersionMajor >= 2) return undefined
    const known = this.#exchanges.get(res)
    if (known !== undefined) return known
    const exchange = new PlainExchange(req, res)
    this.#exchanges.set(res, exchange)
    this.inflight.add(exchange)
    this.#connect(req.socket)
    this.#count(req, 1)
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
      nextTick(() => {
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

type StreamArguments = [stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]]

/**
 * Stands in for the listeners of a stream that they are not given yet: an error must not be uncaught, and trailers not lost.
 * @returns to be called once they have it
 */
function attend(stream: ServerHttp2Stream): () => void {
  let trailers: unknown[] | undefined
  const onError = () => {}
  const onTrailers = (...args: unknown[]) => {
    trailers = args
  }
  stream.on('error', onError)
  stream.on('trailers', onTrailers)
  return () => {
    if (!stream.closed) stream.off('error', onError)
    stream.off('trailers', onTrailers)
    if (trailers !== undefined) stream.emit('trailers', ...trailers)
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
