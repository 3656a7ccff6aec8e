import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Server, type Socket } from 'node:net'
import { sayClose } from './close-header'
import { Countdown } from './countdown'
import { type ConnectionCounts } from './drain'
import { type IdleConnections } from './idle-connections'
import { endsConnection, openResponse } from './node/open-response'
import { PlainExchange } from './plain-target'

/**
 * How long (ms) an idle connection may still bring a request that was on its way: when the drain began, or after a
 * response that could no longer say `Connection: close`.
 * At think times of 50-200 ms, 20 ms lose requests in every stop, 250 ms none.
 */
const IDLE_GRACE = 250
/** How long (ms) a connection may be silent after our FIN before it is destroyed without the peer's. */
const LINGER = 1_000
/**
 * What no line with the size of a chunk may be (RFC 9112 §7.1), also for a client that reads a number from it and
 * ignores the rest: more than ever comes, where nonsense would be read as 0, the end.
 */
const BROKEN_CHUNK = 'ffffffffffffffffff!\r\n'

/** What the connections of a drain wait for. */
export class Waits {
  readonly idle = new Countdown<Line>(IDLE_GRACE, (line) => line.endIfIdle())
  readonly linger = new Countdown<Line>(LINGER, (line) => line.destroyIfSilent())
  readonly idleConnections: IdleConnections

  constructor(idleConnections: IdleConnections) {
    this.idleConnections = idleConnections
  }
}

/** The drain whose connection a line is. */
export interface Lines {
  /** Responses say `Connection: close`. */
  readonly tells: boolean
  readonly waits: Waits
  readonly counts: ConnectionCounts
  /** Told of a request that nobody has told of: the line's `respond` is called in turn. */
  found(req: IncomingMessage, res: ServerResponse): unknown
}

/** One HTTP/1 connection of a server that stops: which responses are open on it, and how it ends. */
export class Line {
  readonly #socket: Socket
  readonly #lines: Lines
  /** Their responses are open, in their order. */
  readonly #open: PlainExchange[] = []
  /** A net server's connections are their owner's: nobody knows when one of them is idle. */
  readonly #speaksHttp: boolean
  #responded = false
  #closing = false
  /** Our FIN is sent: nothing that comes now is read. */
  ended = false
  #waitsIn: Countdown<Line> | undefined = undefined
  /** `socket.bytesRead` when we began, or last went on, to linger. */
  #bytesAtLinger = 0
  #counted = false

  constructor(socket: Socket, lines: Lines) {
    this.#socket = socket
    this.#lines = lines
    const { server } = socket as Socket & { server?: Server }
    this.#speaksHttp = server === undefined || 'closeIdleConnections' in server || 'updateSettings' in server
  }

  /**
   * A response is open. Only the last one queued may say close: Node ends the socket after the response that does,
   * and drops those behind it.
   * @returns false if it is behind one that has said so, or behind our FIN: it cannot be answered, so its request
   * must not be run, and its client knows (RFC 9112 §9.6)
   */
  respond(req: IncomingMessage, res: ServerResponse): boolean {
    const previous = this.#open.at(-1)
    if (this.ended || (previous !== undefined && endsConnection(previous.res))) return false
    const entry = new PlainExchange(req, res)
    this.#open.push(entry)
    sayClose(res, () => this.#lines.tells && this.#open.at(-1) === entry)
    this.#cancelWait()
    // Runs after Node's own listener, which has ended the socket if this response said close.
    res.once('finish', () => {
      if (this.#socket.writableEnded) this.#linger(req)
    })
    res.once('close', () => {
      this.#open.splice(this.#open.indexOf(entry), 1)
      this.#responded = true
      this.#endAfterGrace()
      if (!req.complete) req.once('close', () => this.#endAfterGrace()) // its body was still on its way
    })
    return true
  }

  /** Requests whose response is open, also one of which only Node knows: another listener of the server answers it. */
  get open(): readonly PlainExchange[] {
    if (this.#open.length === 0 && !this.ended) {
      const res = openResponse(this.#socket)
      if (res !== undefined) this.#lines.found(res.req, res)
    }
    return this.#open
  }

  /** The listener is closed: end as soon as nothing is lost by it. */
  closeWhenIdle(): void {
    this.#closing = true
    this.#endAfterGrace()
  }

  #endAfterGrace(): void {
    if (this.#closing && !this.ended && !this.#socket.destroyed && this.open.length === 0) this.#wait(this.#lines.waits.idle)
  }

  #wait(countdown: Countdown<Line>): void {
    this.#cancelWait()
    this.#waitsIn = countdown
    countdown.start(this)
  }

  #cancelWait(): void {
    this.#waitsIn?.cancel(this)
    this.#waitsIn = undefined
  }

  endIfIdle(): void {
    this.#waitsIn = undefined
    if (this.open.length === 0 && !this.#partlyRead && this.#speaksHttp) this.end()
  }

  /** Part of a request is in, or the socket is in a handshake, or upgraded. */
  get #partlyRead(): boolean {
    return this.#socket.bytesRead > 0 && !this.#lines.waits.idleConnections.has(this.#socket)
  }

  /** No longer HTTP: Node takes the parser off a socket that it gives to 'upgrade' or 'connect' (v20-26). */
  get upgraded(): boolean {
    if (!this.#speaksHttp) return true
    return this.#parser === null
  }

  /** Node's, of a socket that speaks HTTP; undefined where there never was one. */
  get #parser(): unknown {
    return (this.#socket as Socket & { parser?: unknown }).parser
  }

  /** Half-sent requests and handshakes have had their time; who still waits for the end of another goes on. */
  endSilent(): void {
    if (this.open.length === 0 && this.#waitsIn === undefined && !this.upgraded) this.end()
  }

  /** The time of all that is no request is over: upgraded sockets get a FIN, and nobody is read from any more. */
  abort(): void {
    if (this.ended) this.destroy()
    else if (this.open.length === 0) this.end()
  }

  /** FIN, after `last` if there is something to say. */
  end(last?: string): void {
    if (this.ended || this.#socket.destroyed) return
    if (last === undefined) this.#socket.end()
    else this.#socket.end(last)
    this.#linger()
  }

  /**
   * Goes on reading after our FIN, until the peer's or until it is silent: a socket that is closed over unread data
   * sends RST, and the client may lose an answer that it has not yet read (RFC 9112 §9.6).
   * @param req - the request that was answered, of which a part may still be on its way
   */
  #linger(req?: IncomingMessage): void {
    const socket = this.#socket
    this.ended = true
    if ('setTimeout' in socket) socket.setTimeout(0) // we watch it ourselves; a Duplex that a server was given has none
    socket.off('finish', socket.destroy) // Socket.destroySoon, which Node calls after the last response, would not wait
    if (req?.complete === false) req.resume()
    else if (this.upgraded) socket.resume()
    // Node's listener would end the socket again, and make an error of that: 0.1 ms each, 1-2 s with 10,000 connections
    if (this.#parser) socket.removeAllListeners('end').on('end', destroy)
    this.#bytesAtLinger = socket.bytesRead
    this.#wait(this.#lines.waits.linger)
  }

  destroyIfSilent(): void {
    const { bytesRead } = this.#socket
    if (bytesRead === this.#bytesAtLinger) {
      this.#socket.destroy()
      return
    }
    this.#bytesAtLinger = bytesRead
    this.#wait(this.#lines.waits.linger)
  }

  /**
   * An answer that has begun is reset, so that a truncated body does not look whole. One in chunks is broken first:
   * Node 20's fetch takes what it has for the whole if the head said close, and TLS and unix sockets have no reset.
   */
  destroy(): void {
    const socket = this.#socket
    const begun = this.open.find(({ res }) => res.headersSent && !res.writableFinished)?.res
    this.#count('destroyed')
    if (begun?.chunkedEncoding && begun.socket === socket && !begun.writableEnded && socket.writable) {
      socket.write(BROKEN_CHUNK)
      while (socket.writableCorked > 0) socket.uncork()
    }
    if (begun !== undefined && isTcp(socket)) socket.resetAndDestroy()
    socket.destroy()
  }

  /** Another socket stands for this connection from now on. */
  supersede(): void {
    this.#cancelWait()
    this.#counted = true
    this.#closing = false
  }

  closed(): void {
    this.#cancelWait()
    this.#count(this.#responded || this.#open.length > 0 ? 'drained' : 'idle')
  }

  #count(how: keyof ConnectionCounts): void {
    if (!this.#counted) this.#lines.counts[how]++
    this.#counted = true
  }
}

function destroy(this: Socket): void {
  this.destroy()
}

/** Only TCP itself can be reset (Node lib/net.js, Socket.resetAndDestroy): neither TLS nor a unix socket. */
function isTcp(socket: Socket): boolean {
  return !('encrypted' in socket) && socket.remotePort !== undefined
}
