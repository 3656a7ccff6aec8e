import { type IncomingMessage, type ServerResponse } from 'node:http'
import { user } from '../../servers/routes'

/** 12 MB, of which a slow client still reads when the stop comes. */
export const BIG = Buffer.alloc(12 * 1024 * 1024, 'x')

/** What every server of this bench answers: a JSON object, at /big 12 MB. */
export function answer(req: IncomingMessage, res: ServerResponse): void {
  const body = req.url === '/big' ? BIG : Buffer.from(JSON.stringify(user('42')))
  res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length })
  res.end(body)
}
