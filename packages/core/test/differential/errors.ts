import createError from 'http-errors'
import { type Case, type Fn } from './run'

const failing: Record<string, Fn> = {
  'an Error': () => { throw new Error('secret') },
  'a rejected promise': () => Promise.reject(new Error('secret')),
  'a string': () => { throw 'text' }, // eslint-disable-line @typescript-eslint/only-throw-error
  'an object': () => { throw { a: 1 } }, // eslint-disable-line @typescript-eslint/only-throw-error
  'a number': () => { throw 42 }, // eslint-disable-line @typescript-eslint/only-throw-error
  'status 404': () => { throw Object.assign(new Error('x'), { status: 404 }) },
  'status 400 exposed': () => { throw Object.assign(new Error('seen'), { status: 400, expose: true }) },
  'statusCode 403': () => { throw Object.assign(new Error('x'), { statusCode: 403, expose: true }) },
  'status unknown': () => { throw Object.assign(new Error('x'), { status: 9999 }) },
  'status a string': () => { throw Object.assign(new Error('x'), { status: '404' }) },
  'ENOENT': () => { throw Object.assign(new Error('x'), { code: 'ENOENT' }) },
  'headers': () => { throw Object.assign(new Error('x'), { status: 401, headers: { 'WWW-Authenticate': 'Basic', 'Content-Type': 'text/css', 'content-length': '1' } }) },
  'exposed two-byte message': () => { throw createError(400, 'größer') },
  'exposed html': () => { throw createError(400, '<script>') },
  'http-errors': () => { throw createError(409, 'taken', { headers: { 'X-Why': 'taken' } }) },
  'http-errors 500': () => { throw createError(500, 'secret') },
  'http-errors 500 exposed': () => { throw createError(500, 'told', { expose: true }) },
  'status 204': () => { throw Object.assign(new Error('x'), { status: 204, expose: true }) },
  'a TypeError': () => { throw new TypeError('x') },
  'next twice': async (_ctx, next) => { await next(); await next() },
  'headers and status set before': (ctx) => { ctx.status = 201; ctx.set('X-Before', '1'); ctx.type = 'css'; ctx.body = { a: 1 }; throw new Error('x') },
  'message set before': (ctx) => { ctx.message = 'Mine'; throw createError(400, 'x') },
  'throw(404)': (ctx) => ctx.throw(404),
  'throw(404, text)': (ctx) => ctx.throw(404, 'no such order'),
  'throw(text)': (ctx) => ctx.throw('exploded'),
  'throw(text, 400)': (ctx) => ctx.throw('exploded', 400),
  'throw(error)': (ctx) => ctx.throw(new Error('mine')),
  'throw(400, error)': (ctx) => ctx.throw(400, new Error('mine')),
  'throw(400, text, properties)': (ctx) => ctx.throw(400, 'x', { headers: { 'X-Extra': '1' } }),
  'throw()': (ctx) => ctx.throw(),
  'throw(status out of range)': (ctx) => ctx.throw(200, 'x'),
  'assert(false)': (ctx) => ctx.assert(false),
  'assert(false, 401)': (ctx) => ctx.assert(false, 401),
  'assert(0, 401, text)': (ctx) => ctx.assert(0, 401, 'sign in'),
  'assert(0, 401, text, properties)': (ctx) => ctx.assert(0, 401, 'sign in', { headers: { 'X-Extra': '1' } }),
  'assert(true)': (ctx) => { ctx.assert(true, 401); ctx.body = 'ok' },
  'assert.equal': (ctx) => ctx.assert.equal(1, 2, 400, 'x'),
  'assert.equal holds': (ctx) => { ctx.assert.equal(1, '1', 400); ctx.body = 'ok' },
  'assert.strictEqual': (ctx) => ctx.assert.strictEqual(1, '1', 400, 'x'),
  'assert.notEqual': (ctx) => ctx.assert.notEqual(1, '1', 400, 'x'),
  'assert.notStrictEqual': (ctx) => ctx.assert.notStrictEqual(1, 1, 400, 'x'),
  'assert.deepEqual': (ctx) => ctx.assert.deepEqual({ a: 1 }, { a: 2 }, 400, 'x'),
  'assert.deepEqual loosely': (ctx) => { ctx.assert.deepEqual({ a: 1 }, { a: '1' }, 400, 'x'); ctx.body = 'ok' },
  'assert.notDeepEqual': (ctx) => ctx.assert.notDeepEqual({ a: 1 }, { a: 1 }, 400, 'x'),
  'assert.notDeepEqual loosely': (ctx) => { ctx.assert.notDeepEqual({ a: 1 }, { a: '1' }, 400, 'x'); ctx.body = 'ok' },
  'assert.ok': (ctx) => ctx.assert.ok(0, 400, 'x'),
  'assert.fail': (ctx) => ctx.assert.fail(400, 'x'),
  'onerror(null)': (ctx) => { ctx.onerror(null as never); ctx.body = 'ok' },
  'onerror by hand': (ctx) => { ctx.respond = false; ctx.onerror(createError(418, 'pot')) },
  'after the head': (ctx) => { ctx.type = 'text'; ctx.length = 0; ctx.flushHeaders(); ctx.res.end(); throw new Error('late') },
  'a header that Node refuses': (ctx) => { ctx.set('X-Bad', 'a\r\nb') },
  'content-type twice': (ctx) => { ctx.set('Content-Type', ['a', 'b']) },
}

export const cases: Case[] = [
  ...Object.entries(failing).map(([name, use]): Case => ({ name: `error: ${name}`, use: use as Fn })),
  { name: 'error to HEAD', method: 'HEAD', use: () => { throw createError(400, 'x') } },
  { name: 'error caught upstream', use: [async (ctx, next) => {
    try { await next() } catch (error) { ctx.status = (error as { status: number }).status; ctx.body = { caught: (error as Error).message } }
  }, (ctx) => ctx.throw(422, 'no')] },
  { name: 'error emitted by hand', use: (ctx) => { ctx.app.emit('error', new Error('by hand'), ctx); ctx.body = 'ok' } },
  { name: 'ctx.onerror overridden', setup: (app) => { app.context.onerror = function () { this.res.statusCode = 599; this.res.end('mine') } }, use: () => { throw new Error('x') } },
]
