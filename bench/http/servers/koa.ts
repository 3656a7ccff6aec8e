import { createReadStream } from 'node:fs'
import bodyParser from '@koa/bodyparser'
import Router from '@koa/router'
import stoppable from 'stoppable'
import Koa from 'koa'
import { ready } from '../../child'
import { FILE, paths, TEXT, user } from '../workloads'

const workload = process.argv[2]
const app = new Koa()
const router = new Router()
if (workload === 'W3') for (let i = 0; i < 5; i++) app.use(async (_ctx, next) => { await next() })
if (workload === 'W4') app.use(bodyParser())
for (const path of paths) {
  router.get(path, (ctx) => {
    if (workload === 'W5') {
      const controller = new AbortController()
      ctx.res.on('close', () => {
        if (!ctx.res.writableFinished) controller.abort()
      })
      if (controller.signal.aborted) return
    }
    ctx.body = user(ctx.params['id'] as string)
  })
}
router.get('/text', (ctx) => {
  ctx.body = TEXT
})
router.post('/echo', (ctx) => {
  ctx.body = ctx.request.body
})
router.get('/file', (ctx) => {
  ctx.type = 'text/plain; charset=utf-8'
  ctx.body = createReadStream(FILE)
})
app.use(router.routes()).use(router.allowedMethods())
const server = app.listen(0)
ready(server)
if (workload === 'W6') stoppable(server)
