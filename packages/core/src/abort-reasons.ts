/**
 * Why a request's signal aborted: its client is gone. Nothing more can be sent to it.
 * Aborts with the response's 'close' before it was finished, or with an HTTP/2 reset. Reading a body rejects with one,
 * too, whose client leaves in the middle of it after a complete response, which aborts no signal.
 */
export class ClientGoneError extends Error {
  override readonly name = 'AbortError'
  readonly code = 'EBB_CLIENT_GONE'
  constructor(message = 'The client closed the connection before it was answered') {
    super(message)
  }
}

/** Why a request's signal aborted: its deadline (`ctx.timeout(ms)`, `new App({ timeout })`) has passed. */
export class DeadlineError extends Error {
  override readonly name = 'TimeoutError'
  readonly code = 'EBB_DEADLINE'
  readonly status = 503
  /** @param timeout - how long (ms) the request had */
  constructor(timeout: number) {
    super(`The request was not answered within ${timeout} ms`)
  }
}

/**
 * Why `ctx.stopping` and, once the drain's time is over, `ctx.signal` aborted: the server stops.
 * One object for all requests of a stop: ten thousand signals that abort with one reason cost 48 ms, with one each 128 ms.
 */
export class ShutdownError extends Error {
  override readonly name = 'AbortError'
  readonly code = 'EBB_SHUTDOWN'
  readonly status = 503
  /** @param cause - what began the stop: 'SIGTERM', 'uncaughtException', … */
  constructor(cause: string) {
    super(`The server is stopping (${cause})`, { cause })
  }
}
