import { inspect } from 'node:util'
import { type Context } from './context'

/** One event of a stream; `data` that is no string goes out as JSON. */
export interface ServerSentEvent {
  data: unknown
  event?: string
  id?: string | number
}

/** A client told to leave comes back after this (ms), or up to as much again: not all at once. */
const RETRY = 1000

/**
 * Server-sent events on a response (WHATWG HTML §9.2). It ends itself when the server drains: the last thing the
 * client reads is when to come back, then the connection is closed in order.
 */
export class EventStream {
  /** Resolves when the stream is closed, by whichever side. */
  readonly closed: Promise<void>
  readonly #ctx: Context

  /** Sends the head. @throws Error if it was sent before */
  constructor(ctx: Context) {
    const { res } = ctx
    if (res.headersSent) throw new Error('Cannot begin an event stream: the head of the response was sent already')
    this.#ctx = ctx
    ctx.respond = false
    ctx.status = 200
    ctx.type = 'text/event-stream'
    ctx.set('Cache-Control', 'no-cache')
    ctx.set('X-Accel-Buffering', 'no') // nginx would keep events back
    if (ctx.req.httpVersionMajor < 2) res.shouldKeepAlive = false // ends with FIN
    ctx.flushHeaders()

    const leave = () => this.#leave()
    const { stopping } = ctx
    this.closed = new Promise((resolve) => res.once('close', () => {
      stopping.removeEventListener('abort', leave)
      resolve()
    }))
    if (stopping.aborted) leave()
    else stopping.addEventListener('abort', leave)
  }

  /**
   * Sends one event; does nothing once the stream is closed.
   * @returns false when the client reads more slowly than events are sent (or has gone): send less
   * @throws TypeError if `event` or `id` holds a line break, which would begin a new field
   */
  send({ data, event, id }: ServerSentEvent): boolean {
    let text = ''
    if (event !== undefined) text += `event: ${oneLine('event', event)}\n`
    if (id !== undefined) text += `id: ${oneLine('id', String(id))}\n`
    const lines = (typeof data === 'string' ? data : JSON.stringify(data) ?? '').split(/\r\n|\r|\n/)
    for (const line of lines) text += `data: ${line}\n`
    return this.#write(`${text}\n`)
  }

  /** Ends the stream in order. */
  close(): void {
    if (!this.#ctx.res.writableEnded) this.#ctx.res.end()
  }

  #leave(): void {
    this.#write(`retry: ${RETRY + Math.floor(Math.random() * RETRY)}\n\n`)
    this.close()
  }

  #write(text: string): boolean {
    const { res } = this.#ctx
    if (res.writableEnded || res.destroyed) return false
    return res.write(text)
  }
}

function oneLine(name: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new TypeError(`Cannot send an event with ${name} ${inspect(value)}: it must be one line`)
  return value
}
