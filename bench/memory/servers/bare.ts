import { createServer } from 'node:http'
import { ready } from '../../child'
import { ANSWER, HELD, never } from '../paths'

const server = createServer((req, res) => {
  if (req.url === HELD) {
    void never().then(() => res.end())
    return
  }
  const body = JSON.stringify(ANSWER)
  res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length })
  res.end(body)
})
ready(server)
server.listen(0)
