import { App } from '@ebbjs/core'
import { Router } from '@ebbjs/router'
import { gracefulShutdown } from '@ebbjs/shutdown'
import { ready } from '../../child'
import { ANSWER, HELD, never, QUICK } from '../paths'

const app = new App()
const router = new Router()
router.get(QUICK, (ctx) => {
  ctx.body = ANSWER
})
router.get(HELD, never)
app.use(router.routes()).use(router.allowedMethods())
gracefulShutdown(app, { logger: false })
ready(app.listen(0))
