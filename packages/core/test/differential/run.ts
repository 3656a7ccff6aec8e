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

export const onKoa = (it: Case): Promise<Outcome> => outcome(new Koa(it.options), it)
export const onEbb = (it: Case): Promise<Outcome> => outcome(new App(it.options), it)

async function outcome(app: App, it: Case): Promise<Outcome> {
  const errors: string[] = []
  app.on('error', (error: Error & { status?: number; headerSent?: boolean }) => {
    errors.push(`${error.name}: ${error.message} status=${error.status} headerSent=${error.headerSent}`)
  })
  it.setup?.(app)
  for (const fn of [it.use].flat()) app.use(fn as never)
  const server = app.listen(0)
  const port = app instanceof App ? await serve(app, server) : await serveAny(server)
  const text = await new Client(port).send(bytes(it)).all()
  const end = text.indexOf('\r\n\r\n')
  const [status, ...headers] = text.slice(0, end).split('\r\n')
  return {
    status: status as string,
    headers: headers.filter((line) => !/^date:/i.test(line)).sort(),
    body: text.slice(end + 4).replaceAll(/:\d{4,5}\b/g, ':PORT'),
    errors,
  }
}

function bytes({ method = 'GET', path = '/', headers = {}, body = '', version = '1.1' }: Case): string {
  const lines = Object.entries({ Host: 'ebb.example.com', Connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}`)
  if (body) lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  return [`${method} ${path} HTTP/${version}`, ...lines, '', body].join('\r\n')
}
