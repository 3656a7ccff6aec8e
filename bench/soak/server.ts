import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { App } from '@ebbjs/core'
import { gracefulShutdown } from '@ebbjs/shutdown'
import { ready } from '../child'

/** Answers at once, after up to 100 ms, in one large piece, and in parts. */
const BIG = Buffer.alloc(200_000, 'x')

const app = new App()
app.use(async (ctx) => {
  if (ctx.path === '/slow') {
    await delay(Math.random() * 100)
    ctx.body = 'slow'
  } else if (ctx.path === '/big') {
    ctx.body = BIG
  } else if (ctx.path === '/stream') {
    ctx.body = Readable.from(parts())
  } else {
    ctx.body = { id: 42 }
  }
})
gracefulShutdown(app, { logger: false })
ready(app.listen(0, '127.0.0.1'))

async function* parts(): AsyncGenerator<string> {
  for (let i = 0; i < 4; i++) {
    yield 'part'
    await delay(8)
  }
}
