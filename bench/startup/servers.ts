/** A server under test: plain JavaScript, so that node has nothing to compile for it, and what npm installs for it. */
interface Server {
  title: string
  packages: readonly string[]
  source: string
}

const listening = "server.on('listening', () => require('node:fs').writeSync(1, `${server.address().port}\\n`))"
const bare = (body: string) => `const { createServer } = require('node:http')\n${body}\n${listening}\nserver.listen(0)\n`

export const servers: Record<string, Server> = {
  bare: {
    title: 'bare node:http',
    packages: [],
    source: bare(`const server = createServer((req, res) => {
  const body = JSON.stringify({ id: req.url.slice('/users/'.length) })
  res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length })
  res.end(body)
})`),
  },
  ebb: {
    title: 'Ebb: core, router, shutdown',
    packages: ['@ebbjs/core', '@ebbjs/router', '@ebbjs/shutdown'],
    source: `const { App } = require('@ebbjs/core')
const { Router } = require('@ebbjs/router')
const { gracefulShutdown } = require('@ebbjs/shutdown')
const app = new App()
const router = new Router()
router.get('/users/:id', (ctx) => { ctx.body = { id: ctx.params.id } })
app.use(router.routes()).use(router.allowedMethods())
gracefulShutdown(app, { logger: false })
const server = app.listen(0)
${listening}
`,
  },
  'ebb-core': {
    title: 'Ebb: core, router',
    packages: ['@ebbjs/core', '@ebbjs/router'],
    source: `const { App } = require('@ebbjs/core')
const { Router } = require('@ebbjs/router')
const app = new App()
const router = new Router()
router.get('/users/:id', (ctx) => { ctx.body = { id: ctx.params.id } })
app.use(router.routes()).use(router.allowedMethods())
const server = app.listen(0)
${listening}
`,
  },
  koa: {
    title: 'Koa 3, @koa/router',
    packages: ['koa', '@koa/router'],
    source: `const Koa = require('koa')
const { Router } = require('@koa/router')
const app = new Koa()
const router = new Router()
router.get('/users/:id', (ctx) => { ctx.body = { id: ctx.params.id } })
app.use(router.routes()).use(router.allowedMethods())
const server = app.listen(0)
${listening}
`,
  },
  fastify: {
    title: 'Fastify 5',
    packages: ['fastify'],
    source: `const app = require('fastify')()
app.get('/users/:id', (request, reply) => { reply.send({ id: request.params.id }) })
const server = app.server
${listening}
app.listen({ port: 0 })
`,
  },
  hono: {
    title: 'Hono, @hono/node-server',
    packages: ['hono', '@hono/node-server'],
    source: `const { Hono } = require('hono')
const { createAdaptorServer } = require('@hono/node-server')
const app = new Hono()
app.get('/users/:id', (c) => c.json({ id: c.req.param('id') }))
const server = createAdaptorServer({ fetch: app.fetch })
${listening}
server.listen(0)
`,
  },
  polka: {
    title: 'polka',
    packages: ['polka'],
    source: bare(`const server = createServer()
require('polka')({ server }).get('/users/:id', (req, res) => {
  const body = JSON.stringify({ id: req.params.id })
  res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length })
  res.end(body)
}).listen(0)`).replace('\nserver.listen(0)', ''),
  },
  express: {
    title: 'Express 5',
    packages: ['express'],
    source: `const app = require('express')()
app.get('/users/:id', (req, res) => { res.json({ id: req.params.id }) })
const server = app.listen(0)
${listening}
`,
  },
}
