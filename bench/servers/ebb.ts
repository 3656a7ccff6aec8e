import { App } from '@ebbjs/core'
import { Router } from '@ebbjs/router'
import { gracefulShutdown } from '@ebbjs/shutdown'
import { ready } from '../child'
import { paths, user } from './routes'

const app = new App()
const router = new Router()
for (const path of paths) {
  router.get(path, (ctx) => {
    ctx.body = user(ctx.params['id'] as string)
  })
}
app.use(router.routes()).use(router.allowedMethods())
if (process.argv[2] !== 'alone') gracefulShutdown(app, { logger: false })
ready(app.listen(0))
