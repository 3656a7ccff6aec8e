import { createReadStream } from 'node:fs'
import { type Server } from 'node:http'
import { Readable } from 'node:stream'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { createHttpTerminator } from 'http-terminator'
import { ready } from '../../child'
import { FILE, paths, TEXT, user } from '../workloads'

const workload = process.argv[2]
const app = new Hono()
if (workload === 'W3') for (let i = 0; i < 5; i++) app.use(async (_c, next) => { await next() })
for (const path of paths) {
  app.get(path, (c) => {
    if (workload === 'W5' && c.req.raw.signal.aborted) return c.text('')
    return c.json(user(c.req.param('id') as string))
  })
}
app.get('/text', (c) => c.text(TEXT))
app.post('/echo', async (c) => c.json(await c.req.json()))
app.get('/file', (c) => c.body(Readable.toWeb(createReadStream(FILE)) as ReadableStream, 200, { 'Content-Type': 'text/plain; charset=utf-8' }))
const server = createAdaptorServer({ fetch: app.fetch }) as Server
ready(server)
if (workload === 'W6') createHttpTerminator({ server })
server.listen(0)
