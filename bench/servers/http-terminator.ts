import { createServer } from 'node:http'
import { createHttpTerminator } from 'http-terminator'
import { ready } from '../child'
import { user } from './routes'

const server = createServer((req, res) => {
  const body = JSON.stringify(user((req.url as string).slice('/users/'.length)))
  res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) })
  res.end(body)
})
ready(server)
server.listen(0)
const terminator = createHttpTerminator({ server })
process.on('SIGTERM', () => void terminator.terminate().then(() => process.exit()))
