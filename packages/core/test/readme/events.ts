import { App } from '@ebbjs/core'

export const app = new App()

app.use(async (ctx) => {
  const stream = ctx.sse()
  const timer = setInterval(() => stream.send({ event: 'tick', data: { at: Date.now() } }), 1000)
  stream.send({ data: 'welcome' })
  await stream.closed // the client left, or the server drains: then it was told when to come back
  clearInterval(timer)
})
