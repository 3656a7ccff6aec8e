/* eslint-disable @typescript-eslint/no-require-imports */
import { expect } from 'chai'
import { App, type Context } from '@ebbjs/core'
import { ask, serve } from '../harness'

const sessionModule = require('koa-session')
const session = sessionModule.default ?? sessionModule
const jwt = require('koa-jwt')
const jsonwebtoken = require('jsonwebtoken')
const passport = require('koa-passport')
const { Strategy } = require('passport-local')
const { bodyParser } = require('@koa/bodyparser')

type Session = Context & { session: Record<string, unknown> }

describe('koa-session', () => {
  it('keeps a session in a signed cookie', async () => {
    const app = new App({ keys: ['secret'] })
    app.use(session(app)).use((ctx) => {
      const { session: mine } = ctx as Session
      ctx.body = String(mine['views'] = ((mine['views'] as number | undefined) ?? 0) + 1)
    })
    const port = await serve(app)
    const first = await ask(port)
    expect(first.body).to.equal('1')
    const cookie = first.headers['set-cookie']!.map((line) => line.split(';')[0]).join('; ')
    expect(cookie).to.match(/koa\.sess=.*koa\.sess\.sig=/)
    expect((await ask(port, { headers: { Cookie: cookie } })).body).to.equal('2')
    expect((await ask(port, { headers: { Cookie: cookie.replace('sig=', 'sig=x') } })).body).to.equal('1')
  })
})

describe('koa-jwt', () => {
  it('lets only valid tokens pass, and sets ctx.state.user', async () => {
    const app = new App().use(jwt({ secret: 's' })).use((ctx) => { ctx.body = ctx.state['user'] })
    app.silent = true
    const port = await serve(app)
    expect(await ask(port)).to.include({ status: 401, body: 'Authentication Error' })
    const token = jsonwebtoken.sign({ name: 'tobi' }, 's')
    expect(JSON.parse((await ask(port, { headers: { Authorization: `Bearer ${token}` } })).body)).to.include({ name: 'tobi' })
  })
})

describe('koa-passport', () => {
  it('logs in, keeps the user in the session, and logs out', async () => {
    passport.use(new Strategy((name: string, password: string, done: (...args: unknown[]) => void) => done(null, password === 'p' ? { name } : false)))
    passport.serializeUser((user: { name: string }, done: (...args: unknown[]) => void) => done(null, user.name))
    passport.deserializeUser((name: string, done: (...args: unknown[]) => void) => done(null, { name }))

    const app = new App({ keys: ['secret'] })
    app.use(bodyParser()).use(session(app)).use(passport.initialize()).use(passport.session()).use((ctx, next) => {
      if (ctx.path === '/login') return passport.authenticate('local', { successRedirect: '/', failureRedirect: '/failed' })(ctx, next)
      const login = ctx as Session & { isAuthenticated: () => boolean; logout: () => Promise<void> }
      if (ctx.path === '/logout') return login.logout().then(() => { ctx.body = 'bye' })
      ctx.body = { user: ctx.state['user'] as unknown, in: login.isAuthenticated() }
      return undefined
    })
    const port = await serve(app)
    const login = (password: string) => ask(port, { method: 'POST', path: '/login', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ username: 'tobi', password }) })
    expect((await login('wrong')).headers.location).to.equal('/failed')
    const inside = await login('p')
    expect(inside.headers.location).to.equal('/')
    const Cookie = inside.headers['set-cookie']!.map((line) => line.split(';')[0]).join('; ')
    expect(JSON.parse((await ask(port, { headers: { Cookie } })).body)).to.deep.equal({ user: { name: 'tobi' }, in: true })
    expect((await ask(port, { path: '/logout', headers: { Cookie } })).body).to.equal('bye')
    expect(JSON.parse((await ask(port)).body)).to.deep.equal({ in: false })
  })
})
