import { EventEmitter, once } from 'node:events'
import { type AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { App, type Context } from '@ebbjs/core'
import { gracefulShutdown } from '@ebbjs/shutdown'

const news = new EventEmitter()
const app = new App()

/** ctx.signal: stop now. The client has left, the deadline has passed, or the drain's time is over. */
async function slow(ctx: Context) {
  ctx.signal.addEventListener('abort', () => console.log(`${ctx.path} is told to stop: ${ctx.signal.reason.code}`))
  console.log(`${ctx.path} works`)
  await setTimeout(30_000, undefined, { signal: ctx.signal }) // as fetch, a database's driver or a child process takes it
  ctx.body = 'done\n'
}

/** ctx.timeout: the deadline (ms) of this request. */
function impatient(ctx: Context) {
  ctx.timeout(500)
  return slow(ctx)
}

/** ctx.stopping: the server drains. A long poll has nothing to finish, and ends itself at once. */
async function poll(ctx: Context) {
  console.log('/poll waits')
  try {
    const [text] = await once(news, 'said', { signal: AbortSignal.any([ctx.signal, ctx.stopping]) })
    ctx.body = text
  } catch (error) {
    if (!ctx.stopping.aborted) throw error
    ctx.status = 204 // nothing new: ask again, the next process answers
  }
}

function say(ctx: Context) {
  ctx.body = { heardBy: news.listenerCount('said') }
  news.emit('said', `${ctx.querystring}\n`)
}

const handlers: Record<string, (ctx: Context) => unknown> = { '/slow': slow, '/impatient': impatient, '/poll': poll, '/say': say }
app.use((ctx) => handlers[ctx.path]?.(ctx))

gracefulShutdown(app, { abortAfter: 1_000 })

const server = app.listen(Number(process.env['PORT'] ?? 3000), () => {
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  console.log(`curl -i ${url}/slow, and leave it, or stop the server by Ctrl-C`)
  console.log(`curl -i ${url}/impatient`)
  console.log(`curl -i ${url}/poll, and in another terminal: curl ${url}/say?hello`)
})
