import { type AddressInfo } from 'node:net'
import path from 'node:path'
import { App } from '@ebbjs/core'
import { gracefulShutdown } from '@ebbjs/shutdown'
import { log } from './log'
import { Orders } from './orders'
import { routes } from './routes'

const file = process.env['ORDERS_DB'] ?? path.join(__dirname, 'orders.db')
const app = new App()
const shutdown = gracefulShutdown(app, { timeout: 10_000 }) // behind a balancer, also `delay`: longer than it polls /readyz
const orders = new Orders(file)
shutdown.onCleanup('database', () => {
  orders.close()
  console.log('database closed')
})

const router = routes(orders)
app.use(shutdown.health()).use(log).use(router.routes()).use(router.allowedMethods())

const server = app.listen(Number(process.env['PORT'] ?? 3000), () => {
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  console.log(`
Orders is on ${url}   (process ${process.pid}, stored in ${path.relative('', file)})

Open it in a browser, and make orders there or here:
  curl ${url}/orders -H 'Content-Type: application/json' -d '{"item":"tea","quantity":2}'
  curl ${url}/orders
  curl ${url}/orders/1
  curl -N ${url}/events

Stop it while a report runs, which is answered in full; one of 60 s is told to stop, and answered 503:
  curl -i '${url}/report?ms=4000'
  curl -i '${url}/report?ms=60000'

Stop it by Ctrl-C here, or by: kill -TERM ${process.pid}
`)
})
