import { once } from 'node:events'
import http2 from 'node:http2'
import { createRequire } from 'node:module'
import { type AppOptions, App, type Context, type Next } from '@ebbjs/core'
import { Client, serve, serveAny } from '../harness'

/** One app and one request, to be run on npm's koa and on Ebb. */
export interface Case {
  name: string
  options?: AppOptions
  method?: string
  path?: string
  headers?: Record<string, string>
  body?: string
  version?: '1.0' | '1.1'
  use: Fn | Fn[]
  /** Runs on the app before its middleware is added. */
  setup?: (app: App) => void
}

// Both apps run the very same functions, so they are typed by neither.
export type Fn = (ctx: Context & Record<string, any>, next: Next) => unknown // eslint-disable-line @typescript-eslint/no-explicit-any

/** All that a client and an 'error' listener see. */
export interface Outcome {
  status: string
  headers: string[]
  body: string
  errors: string[]
}

const Koa = createRequire(__filename)('koa') as typeof App

export const onKoaHttp2 = (it: Case): Promise<Outcome> => outcomeHttp2(new Koa(it.options), it)
export const onEbbHttp2 = (it: Case): Promise<Outcome> => outcomeHttp2(new App(it.options), it)

export const onKoa = (it: Case): Promise<Outcome> => outcome(new Koa(it.options), it)
export const onEbb = (it: Case): Promise<Outcome> => outcome(new App(it.options), it)

function prepare(app: App, it: Case): string[] {
  const errors: string[] = []
  app.on('error', (error: Error & { status?: number; headerSent?: boolean }) => {
    errors.push(`${error.name}: ${error.message} status=${error.status} headerSent=${error.headerSent}`)
  })
  it.setup?.(app)
  for (const fn of [it.use].flat()) app.use(fn as never)
  return errors
}

async function outcomeHttp2(app: App, it: Case): Promise<Outcome> {
  const errors = prepare(app, it)
  const server = http2.createServer(app.callback()).listen(0)
  const session = http2.connect(`http://localhost:${await serveAny(server)}`)
  const stream = session.request({ ':method': it.method ?? 'GET', ':path': it.path ?? '/', ...it.headers })
  let headers: http2.IncomingHttpHeaders = {}
  let body = ''
  stream.on('response', (received) => { headers = received })
  stream.on('error', (error) => { body += error.message })
  stream.on('data', (chunk) => { body += String(chunk) })
  await new Promise((resolve) => stream.on('close', resolve)) // not `once`, which rejects with its error
  session.close()
  if (!session.destroyed) await once(session, 'close')
  const lines = Object.entries(headers).filter(([name]) => name !== 'date' && name !== ':status').map(([name, value]) => `${name}: ${String(value)}`)
  return { status: String(headers[':status']), headers: lines.sort(), body: body.replaceAll(/:\d{4,5}\b/g, ':PORT'), errors }
}

async function outcome(app: App, it: Case): Promise<Outcome> {
  const errors = prepare(app, it)
  const server = app.listen(0)
  const port = app instanceof App ? await serve(app, server) : await serveAny(server)
  const text = await new Client(port).send(bytes(it)).all()
  const end = text.indexOf('\r\n\r\n')
  const [status, ...headers] = text.slice(0, end).split('\r\n')
  return {
    status: status as string,
    headers: headers.filter((line) => !/^date:/i.test(line)).sort(),
    body: joinChunks(text.slice(end + 4)).replaceAll(/:\d{4,5}\b/g, ':PORT'),
    errors,
  }
}

/**
 * Where one chunk of a chunked body ends and the next begins means nothing (RFC 9112 §7.1), and Node 26 puts what is
 * written in one turn into one. The last chunk, or its lack, stays.
 */
function joinChunks(body: string): string {
  let [joined, at] = ['', 0]
  for (let size = /^[0-9a-f]+(?=\r\n)/.exec(body); size !== null && size[0] !== '0'; size = /^[0-9a-f]+(?=\r\n)/.exec(body.slice(at))) {
    const start = at + size[0].length + 2
    at = start + Number.parseInt(size[0], 16) + 2
    if (body.slice(at - 2, at) !== '\r\n') return body
    joined += body.slice(start, at - 2)
  }
  return joined + body.slice(at)
}

function bytes({ method = 'GET', path = '/', headers = {}, body = '', version = '1.1' }: Case): string {
  const lines = Object.entries({ Host: 'ebb.example.com', Connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}`)
  if (body) lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  return [`${method} ${path} HTTP/${version}`, ...lines, '', body].join('\r\n')
}
