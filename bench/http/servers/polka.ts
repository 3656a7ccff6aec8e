import { createReadStream } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { createTerminus } from '@godaddy/terminus'
import polka from 'polka'
import { ready } from '../../child'
import { FILE, paths, TEXT, user } from '../workloads'

const workload = process.argv[2]

function json(res: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value)
  res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) })
  res.end(body)
}

const server = createServer()
const app = polka({ server })
if (workload === 'W3') for (let i = 0; i < 5; i++) app.use(async (_req, _res, next) => { await next() })
for (const path of paths) {
  app.get(path, (req, res) => {
    if (workload === 'W5') {
      const controller = new AbortController()
      res.on('close', () => {
        if (!res.writableFinished) controller.abort()
      })
      if (controller.signal.aborted) return
    }
    json(res, user(req.params['id'] as string))
  })
}
app.get('/text', (_req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': TEXT.length })
  res.end(TEXT)
})
app.post('/echo', (req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => json(res, JSON.parse(Buffer.concat(chunks).toString())))
})
app.get('/file', (_req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' })
  const file = createReadStream(FILE)
  res.on('close', () => file.destroy())
  file.pipe(res)
})
ready(server)
if (workload === 'W6') createTerminus(server)
app.listen(0)
