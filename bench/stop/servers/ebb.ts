import { App } from '@ebbjs/core'
import { Router } from '@ebbjs/router'
import { gracefulShutdown } from '@ebbjs/shutdown'
import { user } from '../../servers/routes'
import { ready } from '../../child'
import { BIG } from './answer'

const app = new App()
const router = new Router()
router.get('/users/:id', (ctx) => {
  ctx.body = user(ctx.params.id)
})
router.get('/big', (ctx) => {
  ctx.body = BIG
})
app.use(router.routes())
gracefulShutdown(app, { logger: false })
ready(app.listen(0))
