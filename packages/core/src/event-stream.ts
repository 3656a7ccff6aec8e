import { inspect } from 'node:util'
import { ClientGoneError } from './abort-reasons'
import { type Context } from './context'
import { type Lifetime } from './lifetime'
import { reset } from './refuse'

/** One event of a stream; `data` that is no string goes out as JSON. */
export interface ServerSentEvent {
  data: unknown
  event?: string
  id?: string | number
}

/** A client told to leave comes back after this (ms), or up to as much again: not all at once. */
const RETRY = 1000
/** How many bytes may wait for a client that does not read them. One event may be larger. */
const UNREAD_MAX = 16 * 1024 * 1024
/** The same for a stream that waits for another response of its connection: a client can make a thousand of them at once. */
const QUEUED_MAX = 64 * 1024

/**
 * Server-sent events on a response (WHATWG HTML §9.2). It ends itself when the server drains: the last thing the
 * client reads is when to come back, then the connection is closed in order.
 * To a client that is gone, or to a request that was answered 503 at its deadline, it is closed from the beginning.
 */
export class EventStream {
  /** Resolves when no event can be sent any more: the client has left, or the stream is ended. */
  readonly closed: Promise<void>
  readonly #ctx: Context
  readonly #life: Lifetime
  #open = true
  #resolve!: () => void

  /** Sends the head. @throws Error if the handler has sent one before */
  constructor(ctx: Context, life: Lifetime) {
    const { res } = ctx
    if (res.headersSent && life.reason === undefined) throw new Error('Cannot begin an event stream: the head of the response was sent already')
    this.#ctx = ctx
    this.#life = life
    this.closed = new Promise((resolve) => (this.#resolve = resolve))
    ctx.respond = false
    if (res.headersSent || res.destroyed || life.clientGone) {
      this.#shut()
      return
    }
    ctx.status = 200
    ctx.type = 'text/event-stream'
    ctx.set('Cache-Control', 'no-cache')
    ctx.set('X-Accel-Buffering', 'no') // nginx would keep events back
    ctx.remove('Content-Length') // of a body that was set before
    if (ctx.req.httpVersionMajor < 2) res.setHeader('Connection', 'close') // ends with FIN, whatever was set before
    res.once('close', this.#shut)
    ctx.flushHeaders()
    if (ctx.method === 'HEAD') this.close() // which has no body to wait for
    else if (life.stopping.aborted) this.#leave()
    else life.stopping.addEventListener('abort', this.#leave)
  }

  /**
   * Sends one event; does nothing once the stream is closed. The stream of a client that leaves 16 MiB unread is reset:
   * it can come back, and ask for what it has missed by the last id that it has seen.
   * @returns false when the client reads more slowly than events are sent (or has gone): send less
   * @throws TypeError if `event` or `id` holds a line break, which would begin a new field, or if `data` has no JSON
   */
  send({ data, event, id }: ServerSentEvent): boolean {
    if (!this.#open) return false
    let text = ''
    if (event !== undefined) text += `event: ${oneLine('event', event)}\n`
    if (id !== undefined) text += `id: ${oneLine('id', String(id))}\n`
    const lines = (typeof data === 'string' ? data : JSON.stringify(data) ?? '').split(/\r\n|\r|\n/)
    for (const line of lines) text += `data: ${line}\n`
    return this.#write(`${text}\n`)
  }

  /** Ends the stream in order. */
  close(): void {
    if (!this.#open) return
    this.#shut()
    if (!this.#ctx.res.writableEnded) this.#ctx.res.end()
  }

  readonly #leave = (): void => {
    this.#write(`retry: ${RETRY + Math.floor(Math.random() * RETRY)}\n\n`)
    this.close()
  }

  #write(text: string): boolean {
    const { res } = this.#ctx
    if (!this.#open || res.writableEnded || res.destroyed) return false // JSON.stringify may run anybody's code
    const isQueued = res.socket === null
    if (res.writableLength <= (isQueued ? QUEUED_MAX : UNREAD_MAX)) return res.write(text)
    this.#shut()
    this.#life.abort(new ClientGoneError('The client does not read its event stream'))
    reset(res)
    return false
  }

  readonly #shut = (): void => {
    this.#open = false
    this.#ctx.res.off('close', this.#shut)
    this.#life.stopping.removeEventListener('abort', this.#leave)
    this.#resolve()
  }
}

function oneLine(name: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new TypeError(`Cannot send an event with ${name} ${inspect(value)}: it must be one line`)
  return value
}
