import { once } from 'node:events'
import http, { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener, type ServerOptions } from 'node:http'
import { type Socket } from 'node:net'
import { duplexPair } from 'node:stream'

/** A request for `app.inject`. */
export interface InjectedRequest {
  /** Default 'GET'. */
  method?: string
  /** Path and query. Default '/'. */
  url?: string
  headers?: OutgoingHttpHeaders
  /** What is neither a string nor bytes is sent as JSON. */
  body?: unknown
  /** The client leaves when it aborts. */
  signal?: AbortSignal
}

/** What a client of `app.inject` received. */
export class InjectedResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer

  constructor(status: number, headers: IncomingHttpHeaders, body: Buffer) {
    this.status = status
    this.headers = headers
    this.body = body
  }

  text(): string {
    return this.body.toString()
  }

  /** @throws SyntaxError if the body is no JSON */
  json(): unknown {
    return JSON.parse(this.text())
  }
}

/** One request through Node's own client, parser and response, over a pair of streams in memory instead of a socket. */
export async function inject(
  listener: RequestListener,
  options: ServerOptions,
  { method = 'GET', url = '/', headers = {}, body, signal }: InjectedRequest,
): Promise<InjectedResponse> {
  const [theirs, ours] = duplexPair()
  theirs.once('close', () => ours.destroy()) // a client that leaves: the pair itself does not tell
  ours.once('close', () => theirs.destroy())
  http.createServer(options, listener).emit('connection', ours)

  const req = http.request({ method, path: url, defaultPort: 80, createConnection: () => theirs as Socket, ...(signal && { signal }) })
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) req.setHeader(name, value)
  const bytes = body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  if (bytes !== body && !req.hasHeader('Content-Type')) req.setHeader('Content-Type', 'application/json')
  req.end(bytes)

  const [res] = (await once(req, 'response')) as [IncomingMessage]
  req.on('error', (error) => res.destroy(error)) // a body that is no whole one
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk as Buffer)
  return new InjectedResponse(res.statusCode as number, res.headers, Buffer.concat(chunks))
}
