import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import type Koa from 'koa'
import { koaBody } from 'koa-body'
import compress from 'koa-compress'
import connect from 'koa-connect'
import etag from 'koa-etag'
import helmet from 'koa-helmet'
import jwt from 'koa-jwt'
import { createSession } from 'koa-session'
import { onerror } from 'koa-onerror'
import { App } from '@ebbjs/core'

// Middleware that is typed by @types/koa is accepted as it is, and what follows keeps its own types.
const router = new Router()
const typedByKoa: Koa.Middleware = async (ctx, next) => {
  ctx.body = ctx.state
  await next()
}
const app = new App()
  .use(bodyParser())
  .use(koaBody())
  .use(compress())
  .use(connect((_req, _res, next) => next()))
  .use(etag())
  .use(helmet())
  .use(jwt({ secret: 's' }))
  .use(createSession({}, new App()))
  .use(router.routes())
  .use(router.allowedMethods())
  .use(typedByKoa)
app.use((ctx) => { ctx.body = ctx.signal.aborted })

onerror(app)
