import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { H3, readBody } from 'h3'
import { toNodeHandler } from 'h3/node'
import { createHttpTerminator } from 'http-terminator'
import { ready } from '../../child'
import { FILE, paths, TEXT, user } from '../workloads'

const workload = process.argv[2]
const app = new H3()
if (workload === 'W3') for (let i = 0; i < 5; i++) app.use(async (_event, next) => await next())
for (const path of paths) {
  app.get(path, (event) => {
    if (workload === 'W5' && event.req.signal.aborted) return ''
    return user(event.context.params?.['id'] as string)
  })
}
app.get('/text', () => TEXT)
app.post('/echo', async (event) => await readBody(event))
app.get('/file', (event) => {
  event.res.headers.set('Content-Type', 'text/plain; charset=utf-8')
  return Readable.toWeb(createReadStream(FILE))
})
const server = createServer(toNodeHandler(app))
ready(server)
if (workload === 'W6') createHttpTerminator({ server })
server.listen(0)
