import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { Router } from '@ebbjs/router'
import { readJson } from './json-body'
import { newOrders } from './new-orders'
import { checkOrder } from './order'
import { type Orders } from './orders'

const page = readFileSync(path.join(__dirname, 'page.html'), 'utf8')

/** The service's routes. */
export function routes(orders: Orders) {
  const router = new Router()

  router.get('/', (ctx) => {
    ctx.type = 'html'
    ctx.body = page
  })

  router.post('/orders', async (ctx) => {
    const order = orders.add(checkOrder(await readJson(ctx)))
    ctx.status = 201
    ctx.set('Location', `/orders/${order.id}`)
    ctx.body = order
  })

  router.get('/orders', (ctx) => {
    ctx.body = orders.latest()
  })

  router.get('/orders/:id', (ctx) => {
    const order = orders.get(Number(ctx.params.id))
    ctx.assert(order, 404, `There is no order ${ctx.params.id}`)
    ctx.body = order
  })

  router.get('/report', async (ctx) => {
    const ms = Number(ctx.query['ms'] ?? 2_000)
    ctx.assert(ms >= 0 && ms <= 60_000, 400, `Cannot report over ms=${ctx.query['ms']}: it must be a number from 0 to 60000`)
    ctx.body = await orders.report(ms, ctx.signal)
  })

  router.get('/events', (ctx) => {
    ctx.type = 'text/event-stream'
    ctx.set('Cache-Control', 'no-store')
    ctx.body = Readable.from(newOrders(ctx, orders))
  })

  return router
}
