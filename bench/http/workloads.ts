import { join } from 'node:path'
import { paths, user } from '../servers/routes'

/** What is asked, and what must come back. */
export interface Workload {
  readonly title: string
  readonly request: string
  readonly expected: string
}

export { paths, user }
export const FILE = join(__dirname, 'file-64k.txt')
export const TEXT = 'Hello, World!'
/** 1 KB of JSON, as a form of a web shop might send it. */
export const PAYLOAD = JSON.stringify({ id: 42, name: 'Ada', tags: ['admin', 'author'], note: 'x'.repeat(950) })
const USER = JSON.stringify(user('42'))
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`

export const workloads: Record<string, Workload> = {
  W1: { title: 'text', request: get('/text'), expected: TEXT },
  W2: { title: 'JSON, one param in 50 routes', request: get('/users/42'), expected: USER },
  W3: { title: 'five async onion middlewares, then JSON', request: get('/users/42'), expected: USER },
  W4: { title: '1 KB of JSON parsed and echoed', request: post('/echo', PAYLOAD), expected: PAYLOAD },
  W5: { title: "W2, the request's abort signal read", request: get('/users/42'), expected: USER },
  W6: { title: "W2, with the peer's shutdown library", request: get('/users/42'), expected: USER },
  W7: { title: 'a file of 64 KB, streamed', request: get('/file'), expected: 'x'.repeat(65_536) },
}
