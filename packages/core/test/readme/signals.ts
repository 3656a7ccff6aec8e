import { setTimeout } from 'node:timers/promises'
import { App } from '@ebbjs/core'

export const app = new App({ timeout: 10_000 }) // ms: what takes longer is answered 503

app.use(async (ctx) => {
  // Whatever takes a signal ends when the client leaves, the deadline passes or the shutdown's time is over.
  await setTimeout(50, undefined, { signal: ctx.signal })

  ctx.waitUntil(writeAuditLog(ctx.path)) // the drain waits for it, the client does not
  ctx.body = 'report'
})

async function writeAuditLog(path: string): Promise<void> {
  await setTimeout(10)
  process.emit('message', `read ${path}`, undefined)
}
