import { type AddressInfo } from 'node:net'
import { App } from '@ebbjs/core'
import { Router } from '@ebbjs/router'
import { gracefulShutdown } from '@ebbjs/shutdown'

const users = new Map([['1', 'Ada'], ['2', 'Grace']])
const router = new Router({ prefix: '/v1' })

router.get('/users', (ctx) => {
  ctx.body = [...users.values()]
})

router.get('/users/:id', (ctx) => {
  const name = users.get(ctx.params.id) // a string, by the path; ctx.params.idd does not compile
  ctx.assert(name, 404, `There is no user ${ctx.params.id}`)
  ctx.body = { id: ctx.params.id, name }
})

router.delete('/users/:id', (ctx) => {
  users.delete(ctx.params.id)
  ctx.status = 204
})

router.get('/files/*path', (ctx) => {
  ctx.body = { path: ctx.params.path } // string[]
})

router.get('/days/:year{-:month}', (ctx) => {
  ctx.body = { year: ctx.params.year, month: ctx.params.month ?? 'all' } // month: string | undefined
})

const app = new App()
app.use(router.routes()).use(router.allowedMethods()) // OPTIONS, 405 and 501, with Allow

gracefulShutdown(app)

const server = app.listen(Number(process.env['PORT'] ?? 3000), () => {
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  for (const path of ['users', 'users/1', 'files/a/b%20c', 'days/2026-11']) console.log(`curl ${url}/v1/${path}`)
  console.log(`curl -i -X POST ${url}/v1/users/1`)
})
