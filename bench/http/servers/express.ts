import { createReadStream } from 'node:fs'
import express from 'express'
import gracefulShutdown from 'http-graceful-shutdown'
import { ready } from '../../child'
import { FILE, paths, TEXT, user } from '../workloads'

const workload = process.argv[2]
const app = express().set('etag', false).disable('x-powered-by')
if (workload === 'W3') for (let i = 0; i < 5; i++) app.use(async (_req, _res, next) => { await next() })
if (workload === 'W4') app.use(express.json())
for (const path of paths) {
  app.get(path, (req, res) => {
    if (workload === 'W5') {
      const controller = new AbortController()
      res.on('close', () => {
        if (!res.writableFinished) controller.abort()
      })
      if (controller.signal.aborted) return
    }
    res.json(user((req.params as Record<string, string>)['id'] as string))
  })
}
app.get('/text', (_req, res) => {
  res.type('text').send(TEXT)
})
app.post('/echo', (req, res) => {
  res.json(req.body)
})
app.get('/file', (_req, res) => {
  res.type('text')
  const file = createReadStream(FILE)
  res.on('close', () => file.destroy())
  file.pipe(res)
})
const server = app.listen(0)
ready(server)
if (workload === 'W6') gracefulShutdown(server)
