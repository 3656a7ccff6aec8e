import { once } from 'node:events'
import http, { type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo } from 'node:net'

/** What a test compares. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** Something with Koa's `callback()`. */
interface Callable {
  callback(): (...args: never[]) => unknown
}

/** A server on a free port for the time of `work`, asked over real sockets. */
export async function serve<T>(app: Callable, work: (ask: (method: string, path: string, headers?: Record<string, string>) => Promise<Answer>) => Promise<T>): Promise<T> {
  const server = http.createServer(app.callback() as http.RequestListener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    return await work((method, path, headers = {}) => ask(port, method, path, headers))
  } finally {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
}

async function ask(port: number, method: string, path: string, headers: Record<string, string>): Promise<Answer> {
  const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false })
  request.end()
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk)
  return { status: response.statusCode as number, headers: response.headers, body }
}
