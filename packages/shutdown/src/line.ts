import { type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { type ConnectionCounts } from './drain'
import { type Target } from './target'

/**
 * How long (ms) an idle connection may still bring a request that was on its way when the drain began.
 * At think times of 50-200 ms, 20 ms lose requests in every stop, 250 ms none.
 */
const IDLE_GRACE = 250
/** The same after a response that could no longer say `Connection: close`. */
const AFTER_RESPONSE = 100
/** How long (ms) a connection is read from after our FIN, so that unread data makes no RST (RFC 9112 §9.6). */
const LINGER = 1_000

/** One HTTP/1 connection of a server that stops: which responses are open on it, and how it ends. */
export class Line {
  readonly #socket: Socket
  readonly #counts: ConnectionCounts
  /** Open responses in their order; `marked`: we made it say `Connection: close`. */
  readonly #open: { res: ServerResponse; marked: boolean }[] = []
  #bytesAtIdle: number
  #responded = false
  #closing = false
  /** Our FIN is sent. */
  ended = false
  #timer: NodeJS.Timeout | undefined
  #destroyed = false

  constructor(socket: Socket, target: Target, counts: ConnectionCounts) {
    this.#socket = socket

    this.#counts = counts
    this.#bytesAtIdle = target.bytesAtIdle(socket)
  }

  /**
   * A response is open. Only the last one queued may say close: Node ends the socket after the response that does,
   * and drops those behind it.
   */
  respond(res: ServerResponse): void {
    const previous = this.#open.at(-1)
    if (previous?.marked && !previous.res.headersSent) {
      previous.res.shouldKeepAlive = true
      previous.marked = false
    }
    const entry = { res, marked: res.shouldKeepAlive && !res.headersSent }
    if (entry.marked) res.shouldKeepAlive = false
    this.#open.push(entry)
    clearTimeout(this.#timer)
    res.once('close', () => {
      this.#open.splice(this.#open.indexOf(entry), 1)
      this.#responded = true
      this.#bytesAtIdle = this.#socket.bytesRead
      if (this.#open.length === 0 && this.#closing) this.#closeAfter(AFTER_RESPONSE)
    })
  }

  /** The listener is closed: end as soon as nothing is lost by it. */
  closeWhenIdle(): void {
    this.#closing = true
    if (this.#open.length === 0) this.#closeAfter(IDLE_GRACE)
  }

  #closeAfter(grace: number): void {
    clearTimeout(this.#timer)
    if (this.#socket.destroyed) return
    // By way of setImmediate, so that bytes which the loop has polled already are read first.
    this.#timer = setTimeout(() => setImmediate(() => this.#closeIfIdle()), grace)
  }

  #closeIfIdle(): void {
    if (this.#open.length > 0 || this.#partlyRead) return
    this.#end()
  }

  /** Part of a request's head is in, or the socket is in a handshake, or upgraded. */
  get #partlyRead(): boolean {
    return this.#socket.bytesRead > this.#bytesAtIdle
  }

  /** Half-sent heads and their like have had their time. */
  endSilent(): void {
    if (this.#open.length === 0 && this.#partlyRead) this.#end()
  }

  /** FIN, then read on until the peer's FIN or the end of the linger. */
  #end(): void {
    if (this.ended || this.#socket.destroyed) return
    this.ended = true
    this.#socket.end()
    this.#socket.resume()
    this.#timer = setTimeout(() => this.#socket.destroy(), LINGER)
  }

  /** An answer that has begun is reset, so that a truncated body does not look whole. */
  destroy(): void {
    this.#destroyed = true
    if (this.#open.some(({ res }) => res.headersSent && !res.writableFinished)) this.#socket.resetAndDestroy()
    this.#socket.destroy()
  }

  closed(): void {
    clearTimeout(this.#timer)
    if (this.#destroyed) this.#counts.destroyed++
    else if (this.#responded || this.#open.length > 0) this.#counts.drained++
    else this.#counts.idle++
  }
}
