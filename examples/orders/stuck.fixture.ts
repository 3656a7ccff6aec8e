import { type AddressInfo } from 'node:net'
import { App, ShutdownError } from '@ebbjs/core'
import { gracefulShutdown } from '@ebbjs/shutdown'
import { log } from './log'
import { Orders } from './orders'
import { routes } from './routes'

/** The service with less time to stop, and with a handler that never ends. */
const app = new App()
const shutdown = gracefulShutdown(app, { timeout: 1_500, abortAfter: 500, cleanupTimeout: 500 })
const orders = new Orders(process.env['ORDERS_DB'] as string)
shutdown.onCleanup('database', () => {
  orders.close()
  console.log('database closed')
})

const router = routes(orders)
router.get('/stuck', (ctx) => {
  ctx.signal.addEventListener('abort', () => console.log(`told to stop by a ShutdownError: ${ctx.signal.reason instanceof ShutdownError}`))
  return new Promise(() => {})
})
app.use(log).use(router.routes())

const server = app.listen(0, () => console.log(`http://localhost:${(server.address() as AddressInfo).port}`))
