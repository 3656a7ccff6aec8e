import { createReadStream } from 'node:fs'
import { dirname, join } from 'node:path'
import { App } from '@ebbjs/core'
import { Router } from '@ebbjs/router'
import { gracefulShutdown } from '@ebbjs/shutdown'
import { ready } from '../../child'
import { FILE, paths, TEXT, user } from '../workloads'

// With router and shutdown installed in every workload; `alone` leaves out the shutdown, and what core keeps for it.
const [, , workload, alone] = process.argv
if (alone) forgetInFlight()
const app = new App()
const router = new Router()
if (workload === 'W3') for (let i = 0; i < 5; i++) app.use(async (_ctx, next) => { await next() })
for (const path of paths) {
  router.get(path, (ctx) => {
    if (workload === 'W5' && ctx.signal.aborted) return
    ctx.body = user(ctx.params['id'] as string)
  })
}
router.get('/text', (ctx) => {
  ctx.body = TEXT
})
router.post('/echo', async (ctx) => {
  ctx.body = await ctx.request.json()
})
router.get('/file', (ctx) => {
  ctx.type = 'text/plain; charset=utf-8'
  ctx.body = createReadStream(FILE)
})
app.use(router.routes()).use(router.allowedMethods())
if (!alone) gracefulShutdown(app, { logger: false })
ready(app.listen(0))

/** The registry of what is in flight, made to keep nothing: to see what it costs. */
function forgetInFlight(): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- it has no public name
  const { InFlight } = require(join(dirname(require.resolve('@ebbjs/core')), 'in-flight.js')) as { InFlight: { prototype: Record<string, unknown> } }
  InFlight.prototype['add'] = InFlight.prototype['delete'] = () => {}
}
