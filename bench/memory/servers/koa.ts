import Router from '@koa/router'
import Koa from 'koa'
import { ready } from '../../child'
import { ANSWER, HELD, never, QUICK } from '../paths'

const app = new Koa()
const router = new Router()
router.get(QUICK, (ctx) => {
  ctx.body = ANSWER
})
router.get(HELD, never)
app.use(router.routes()).use(router.allowedMethods())
ready(app.listen(0))
