import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import { ClientGoneError, DeadlineError, type ShutdownError } from './abort-reasons'
import { type Moment, momentOf, now, nextTick, setImmediate, setTimeout as setRealTimeout, shown } from './clock'
import { type Connection } from './connections'
import { type Context } from './context'
import { diagnostics } from './diagnostics'
import { type InFlight } from './in-flight'
import { Outgoing } from './outgoing'
import { refuse } from './refuse'

/** What a request in flight is waiting for: its handler, its response's last byte, or its `waitUntil` promises. */
export type Phase = 'handler' | 'response' | 'background'

/** A timer cannot wait longer (Node lib/internal/timers.js, TIMEOUT_MAX); what is further away never comes. */
const TIMER_MAX = 2 ** 31 - 1

/**
 * What one request lives through, from its head to its last byte: its place in the registry, its signals, its deadline.
 * Apart from Context, so that `Object.create(ctx)` and proxies of ctx share it, and its fields don't show on ctx.
 */
export class Lifetime {
  readonly startedAt = Date.now()
  readonly ctx: Context
  /** Its place in the registry. */
  inFlight = false
  previous: Lifetime | undefined = undefined
  next: Lifetime | undefined = undefined
  /** How the registry holds it once its response is closed. */
  weak: WeakRef<Lifetime> | undefined = undefined
  #registry: InFlight | undefined = undefined
  #connection: Connection | undefined = undefined
  #handling = true
  #open = true
  #pending = 0
  #gone = false
  #controller: AbortController | undefined = undefined
  /** Why the signal has aborted or, when it is not yet made, would be aborted at its first read. */
  #reason: unknown = undefined
  /** Who is told of an abort without a signal. */
  #aborting: Reader[] | undefined = undefined
  /** The listener that tells them when the connection is lost after the response. */
  #lost: (() => void) | undefined = undefined
  /** What it told them. */
  #bodyLost: ClientGoneError | undefined = undefined
  #stoppingController: AbortController | undefined = undefined
  #stop: Stop | undefined = undefined
  #deadline: Moment | undefined = undefined
  #timer: NodeJS.Timeout | undefined = undefined

  constructor(ctx: Context) {
    this.ctx = ctx
  }

  /** Puts the request in flight. */
  begin(registry: InFlight, connection: Connection | undefined, stop: Stop | undefined): void {
    this.#registry = registry
    this.#connection = connection
    this.#stop = stop
    if (connection !== undefined) {
      connection.open++
      connection.newest = this
    }
    registry.add(this)
    if (diagnostics.start.hasSubscribers) diagnostics.start.publish({ ctx: this.ctx })
  }

  /**
   * At the end of the turn in which the request came: a response that is sent by then is closed, and any other tells
   * when it is, by the one listener that a request pays for.
   */
  watch(): void {
    const { res } = this.ctx
    if (wasSent(res)) this.responseClosed(true)
    else if (isClosed(res)) this.responseClosed() // before callback() was called: it will not be told again
    else res.on('close', () => this.responseClosed())
  }

  /** The handler has ended, whatever came of it. */
  handled(): void {
    this.#handling = false
    this.#settle()
  }

  /**
   * The response is closed: finished, or its client is gone.
   * Not the request's own 'close', which fires after every body that was read.
   */
  responseClosed(complete = isComplete(this.ctx.res)): void {
    if (!this.#open) return
    this.#open = false
    if (this.#connection !== undefined) this.#connection.responseEnded()
    const { response } = this.ctx
    if (!complete) {
      this.#gone = true
      this.#fire(CLIENT_GONE)
    } else if (this.#aborting !== undefined) {
      this.#watchBody()
    }
    response.releaseBody()
    if (diagnostics.end.hasSubscribers) diagnostics.end.publish({ ctx: this.ctx, complete: !this.#gone })
    this.#settle()
    if (this.#handling && this.#registry !== undefined) this.#registry.forgetWhenLost(this)
  }

  /**
   * Its connection has closed while its response waited behind another one. Node 20 and 22 tell the response nothing:
   * what pipes into it would wait for ever, and what writes to it would pile up.
   */
  queueLost(): void {
    if (!this.#open) return
    const { res } = this.ctx
    this.responseClosed()
    res.destroy() // a write to it is dropped from now on
    nextTick(() => res.closed || res.emit('close')) // each in a tick of its own: a listener that throws keeps no other from being told
  }

  /** @returns whether the client left before its response was complete */
  get clientGone(): boolean {
    return this.#gone
  }

  get phase(): Phase {
    return this.#handling ? 'handler' : this.#open ? 'response' : 'background'
  }

  /** Keeps the request in flight until `promise` has settled. */
  waitUntil(promise: PromiseLike<unknown>): void {
    this.#pending++
    this.#registry?.add(this) // also from work that goes on after everything else has ended
    const settled = () => {
      this.#pending--
      this.#settle()
    }
    Promise.resolve(promise).catch((error: unknown) => this.ctx.app.report(error, this.ctx)).then(settled, settled)
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#takeReason())
    }
    return this.#controller.signal
  }

  /** @returns whether the request was told to stop and `error` is that very reason, bare or as the cause of an error */
  isReason(error: unknown): boolean {
    if (this.#bodyLost !== undefined && (error === this.#bodyLost || (error as Error).cause === this.#bodyLost)) return true
    if (this.#reason === undefined) return false
    const reason = this.#takeReason()
    if (error === reason) return true
    return error instanceof Error && (error.cause === reason || (this.#controller !== undefined && error.name === 'AbortError'))
  }

  /** Why the request was told to stop, or undefined. */
  get reason(): unknown {
    return this.#reason === undefined ? undefined : this.#takeReason()
  }

  /**
   * Fires the signal; the first reason counts. Ends no response and destroys no body.
   * In a stop, a request whose response is complete by now is no longer in flight: koa-connect's handler never ends when
   * its middleware has answered, and any other is told that its time is over.
   */
  abort(reason: unknown): void {
    this.#fire(reason ?? this.#stop?.error ?? new DOMException('This operation was aborted', 'AbortError'))
    if (this.#stop !== undefined && !this.#open && !this.#gone && this.#pending === 0) this.#registry?.delete(this)
  }

  /**
   * Fails `reader` when the signal fires or would fire, and when a client leaves that has had its whole answer but not
   * yet sent its whole body. Without a signal: one made and listened to costs half a request more (Node 20).
   */
  onAbort(reader: Reader): void {
    if (this.#aborting === undefined) this.#aborting = [reader]
    else this.#aborting.push(reader)
    if (!this.#open) this.#watchBody()
  }

  offAbort(reader: Reader): void {
    if (this.#aborting?.length === 1 && this.#aborting[0] === reader) {
      this.#aborting = undefined
      if (this.#lost !== undefined) this.ctx.req.socket.off('close', this.#lost)
      this.#lost = undefined
    } else {
      this.#aborting = this.#aborting?.filter((other) => other !== reader)
    }
  }

  get stopping(): AbortSignal {
    if (this.#stoppingController === undefined) {
      this.#stoppingController = new AbortController()
      if (this.#stop !== undefined) this.#stoppingController.abort(this.#stop.error)
    }
    return this.#stoppingController.signal
  }

  /** Does the request know of its `ctx.stopping`? */
  get watchesStopping(): boolean {
    return this.#stoppingController !== undefined
  }

  /** The server stops: clamps the deadline, and tells `ctx.stopping` after `delay` ms if the request goes on so long. */
  stop(stop: Stop, delay: number): void {
    this.#stop = stop
    if (delay === 0) this.#stoppingController?.abort(stop.error)
    else setRealTimeout(() => this.inFlight && this.#stoppingController?.abort(stop.error), delay)
  }

  /** The stop takes longer than it was to. */
  postpone(stop: Stop): void {
    this.#stop = stop
  }

  /** By the wall clock as it is now: what is left of it is right also after that clock was set. */
  get deadline(): number | undefined {
    const abortAt = this.#stop?.abortAt
    const first = abortAt !== undefined && abortAt.at < (this.#deadline?.at ?? Infinity) ? abortAt : this.#deadline
    return first === undefined || first.at === Infinity ? undefined : shown(first)
  }

  /** Sets, extends or (Infinity) clears the deadline: `timeout` ms from now. */
  setTimeout(timeout: number): void {
    if (typeof timeout !== 'number' || Number.isNaN(timeout) || timeout < 0) {
      throw new RangeError(`Cannot give a request the timeout ${String(timeout)}: it must be a number of ms, 0 or more, or Infinity`)
    }
    clearTimeout(this.#timer)
    const deadline = momentOf(Date.now() + timeout)
    this.#deadline = deadline
    if (timeout > TIMER_MAX || !this.#open) return
    // The global timer, so that a test of a handler can have its deadline pass by mocked time. No stop waits for it.
    this.#timer = setTimeout(() => {
      if (this.#open && this.#deadline === deadline) this.#expire(timeout) // mocks may not have cleared a timer of before
    }, timeout)
  }

  /** Handlers that listen to their signal answer first; who has not begun an answer then is answered 503. */
  #expire(timeout: number): void {
    const { res } = this.ctx
    if (this.#stop !== undefined && this.#stop.abortAt.at < now()) return
    const reason = new DeadlineError(timeout)
    this.#fire(reason)
    setImmediate(() => {
      if (this.#open && !res.headersSent && this.ctx.respond !== false) this.refuse(reason)
    })
  }

  /** Answers 503, and lets the connection go unless further requests wait on it for their answers. */
  refuse(reason: unknown): void {
    refuse(this.ctx.res, reason, this.#connection === undefined || this.#connection.newest === this)
  }

  #fire(reason: unknown): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#controller?.abort(this.#takeReason())
    if (this.#aborting !== undefined) this.#tell(this.#takeReason())
    if (diagnostics.abort.hasSubscribers) diagnostics.abort.publish({ ctx: this.ctx, reason: this.#takeReason() })
  }

  /**
   * Its response is complete, and its body still read: Node tells it nothing any more (lib/_http_server.js, resOnFinish,
   * v20.20). Over HTTP/2 a response is closed only with its stream, and so is the body.
   */
  #watchBody(): void {
    const { req } = this.ctx
    if (this.#lost !== undefined || req.httpVersionMajor >= 2 || req.socket === null) return
    this.#lost = () => {
      this.#bodyLost = new ClientGoneError('The client closed the connection before it had sent the whole body')
      this.#tell(this.#bodyLost)
    }
    req.socket.once('close', this.#lost)
  }

  #tell(reason: unknown): void {
    for (const reader of this.#aborting ?? []) reader.fail(reason)
  }

  /** Makes the ClientGoneError only for those who look: most requests whose client left never read their signal. */
  #takeReason(): unknown {
    if (this.#reason === CLIENT_GONE) this.#reason = new ClientGoneError()
    return this.#reason
  }

  #settle(): void {
    if (!this.#open) clearTimeout(this.#timer)
    if (!this.#handling && !this.#open && this.#pending === 0) this.#registry?.delete(this)
  }
}

/** Reads a request's body. */
interface Reader {
  fail(reason: unknown): void
}

/** What `App.beginStop` was told, with the one reason it made of it. */
export interface Stop {
  readonly error: ShutdownError
  /** When the shutdown aborts what is left. */
  readonly abortAt: Moment
  readonly admit: ((ctx: Context) => boolean) | undefined
}

const CLIENT_GONE = Symbol('client gone')

/** Whether all of a response has gone to the kernel already, as one that is ended in one piece mostly has. */
function wasSent(res: ServerResponse | Http2ServerResponse): boolean {
  if (!(res instanceof Outgoing) || !res.writableEnded) return false
  const { socket } = res // null behind another response of the same connection
  return socket !== null && socket.writableLength === 0 && socket.writable && socket.errored === null
}

/** Whether a response has emitted 'close', or is about to. HTTP/2 tells by the stream, as below. */
function isClosed(res: ServerResponse | Http2ServerResponse): boolean {
  const stream = (res as Partial<Http2ServerResponse>).stream as ServerHttp2Stream | undefined
  return stream === undefined ? (res as ServerResponse).closed : stream.closed
}

/**
 * Whether all of a closed response went out. HTTP/2 tells by the stream:
 * its compat response has no `writableFinished` (Node lib/internal/http2/compat.js, v20.20).
 */
function isComplete(res: ServerResponse | Http2ServerResponse): boolean {
  const stream = (res as Partial<Http2ServerResponse>).stream as ServerHttp2Stream | undefined
  if (stream !== undefined) return stream.rstCode === 0 && !stream.aborted && res.writableEnded
  const { writableFinished, req } = res as ServerResponse
  return writableFinished && (req as IncomingMessage | undefined)?.socket?.errored == null // Node 20 and 22 finish what a reset cut off, too
}
