import { createServer } from 'node:http'
import { ready } from '../child'
import { user } from './routes'

// node:http by hand, as fast as it goes: one writeHead with a length, one end.
const server = createServer((req, res) => {
  const body = JSON.stringify(user((req.url as string).slice('/users/'.length)))
  res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) })
  res.end(body)
})
ready(server)
server.listen(0)
process.on('SIGTERM', () => server.close(() => process.exit()))
