import Router from '@koa/router'
import Koa from 'koa'
import { ready } from '../child'
import { paths, user } from './routes'

const app = new Koa()
const router = new Router()
for (const path of paths) {
  router.get(path, (ctx) => {
    ctx.body = user(ctx.params['id'] as string)
  })
}
app.use(router.routes()).use(router.allowedMethods())
ready(app.listen(0))
