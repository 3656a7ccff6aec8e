import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { type Exchange } from './target'

/**
 * A stream of HTTP/2, as the exchange that it is. Node makes requests and responses of streams only for servers with a
 * 'request' listener, and later than a stop must know of them.
 */
export class Http2Exchange implements Exchange {
  readonly startedAt = Date.now()
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly #stream: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[] = []) {
    this.#stream = stream
    // What a stop, and a `late` of the user's, read of them is there.
    const req = new StreamRequest(stream, headers, rawHeaders)
    this.req = req as unknown as IncomingMessage
    this.res = new StreamResponse(stream, req) as unknown as ServerResponse
  }

  get phase(): Exchange['phase'] {
    return this.#stream.headersSent ? 'response' : 'handler'
  }

  /** Its handler knows no signal. */
  abort(): void {}
}

class StreamRequest {
  readonly httpVersion = '2.0'
  readonly httpVersionMajor = 2
  readonly httpVersionMinor = 0
  readonly method: string | undefined
  /** Of CONNECT, which has no path, the host it asks for. */
  readonly url: string | undefined
  readonly authority: string | undefined
  readonly scheme: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly stream: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.method = headers[':method']
    this.authority = headers[':authority'] ?? headers.host
    this.url = headers[':path'] ?? this.authority
    this.scheme = headers[':scheme']
    this.headers = headers
    this.rawHeaders = rawHeaders
    this.stream = stream
  }

  /** Node's proxy of it throws once the session is destroyed. */
  get socket(): unknown {
    const session = this.stream.session as ServerHttp2Session | undefined
    return session === undefined || session.destroyed ? undefined : session.socket
  }
}

/** A response that nobody has made an object of. */
export class StreamResponse {
  readonly stream: ServerHttp2Stream
  readonly req: StreamRequest

  constructor(stream: ServerHttp2Stream, req: StreamRequest) {
    this.stream = stream
    this.req = req
  }

  get headersSent(): boolean {
    return this.stream.headersSent
  }

  get destroyed(): boolean {
    return this.stream.destroyed
  }

  get writableEnded(): boolean {
    return this.stream.writableEnded
  }

  get writableFinished(): boolean {
    return this.stream.writableFinished
  }

  on(event: string, listener: () => void): this {
    this.stream.on(event, listener)
    return this
  }

  once(event: string, listener: () => void): this {
    this.stream.once(event, listener)
    return this
  }

  off(event: string, listener: () => void): this {
    this.stream.off(event, listener)
    return this
  }
}

/** The stream that carries a response of HTTP/2, by which it is known whoever has made an object of it. */
export function streamOf(res: unknown): ServerHttp2Stream | undefined {
  const { stream } = res as { stream?: unknown }
  return typeof stream === 'object' && stream !== null && 'rstCode' in stream ? (stream as ServerHttp2Stream) : undefined
}
