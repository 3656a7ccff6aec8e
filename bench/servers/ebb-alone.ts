import { App } from '@ebbjs/core'
import { Router } from '@ebbjs/router'
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
ready(app.listen(0))
