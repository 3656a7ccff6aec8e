import { setTimeout } from 'node:timers/promises'

// #region readme
import { App } from '@ebbjs/core'
import { Router } from '@ebbjs/router'
import { gracefulShutdown } from '@ebbjs/shutdown'

const app = new App()
const router = new Router()
router.get('/reports/:id', async (ctx) => {                 // ctx.params.id: string, from the path
  ctx.body = await db.query('…', [ctx.params.id], { signal: ctx.signal })
})
app.use(router.routes()).use(router.allowedMethods())
app.listen(3000)

const shutdown = gracefulShutdown(app, { delay: 5_000, timeout: 25_000 })
shutdown.onCleanup('db', () => db.end())
// #endregion

/** Stands in for a database: each query takes 1 s. */
const db = {
  async query(sql: string, params: string[], { signal }: { signal: AbortSignal }) {
    await setTimeout(1_000, undefined, { signal })
    return { sql, params }
  },
  async end() {
    console.log('database closed')
  },
}

console.log('curl http://localhost:3000/reports/7, and stop it by Ctrl-C')
