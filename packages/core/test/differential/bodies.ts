import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { type Case, type Fn } from './run'

class Money {
  toJSON() { return '5 EUR' }
}

/** What can be assigned to ctx.body, made anew for each request. */
const bodies: Record<string, () => unknown> = {
  'a string': () => 'hello',
  'an empty string': () => '',
  'a string of two-byte characters': () => 'häßlich',
  'html': () => '<h1>hello</h1>',
  'html after blanks': () => ' \n <p>hello',
  'a < further in': () => 'a < b',
  'a Buffer': () => Buffer.from([0x68, 0x69]),
  'an empty Buffer': () => Buffer.alloc(0),
  'a stream': () => Readable.from(['a', 'b', 'c']),
  'an empty stream': () => Readable.from([]),
  'an object': () => ({ a: 1, b: ['ü'] }),
  'an array': () => [1, 2, 3],
  'an empty object': () => ({}),
  'null-prototype': () => Object.assign(Object.create(null) as object, { x: 1 }),
  'a number': () => 42,
  'zero': () => 0,
  'true': () => true,
  'false': () => false,
  'a date': () => new Date(0),
  'toJSON': () => new Money(),
  'a Map': () => new Map([[1, 2]]),
  'an error': () => new Error('x'),
  'FormData': () => new FormData(),
  'URLSearchParams': () => new URLSearchParams('a=b'),
  'null': () => null,
  'undefined': () => undefined,
  'a Blob': () => new Blob(['blob'], { type: 'text/css' }),
  'a Blob without type': () => new Blob(['blob']),
  'a ReadableStream': () => new Blob(['stream']).stream(),
  'a Response': () => new Response('fetched', { status: 202, headers: { 'X-From': 'fetch', 'Content-Type': 'text/css' } }),
  'a Response without body': () => new Response(null, { status: 200 }),
}

const ways: Record<string, (body: unknown) => Fn> = {
  'alone': (body) => (ctx) => { ctx.body = body },
  'with status 201 before': (body) => (ctx) => { ctx.status = 201; ctx.body = body },
  'with status 204 after': (body) => (ctx) => { ctx.body = body; ctx.status = 204 },
  'with type css before': (body) => (ctx) => { ctx.type = 'css'; ctx.body = body },
  'after another body': (body) => (ctx) => { ctx.body = { other: 1 }; ctx.body = body },
  'before another body': (body) => (ctx) => { ctx.body = body; ctx.body = 'last' },
}

const bodyCases: Case[] = Object.entries(bodies).flatMap(([kind, make]) => [
  ...Object.entries(ways).map(([way, use]): Case => ({ name: `body ${kind} ${way}`, use: (ctx, next) => use(make())(ctx, next) })),
  { name: `body ${kind} to HEAD`, method: 'HEAD', use: (ctx) => { ctx.body = make() } },
])

const text = (use: Fn): Fn => (ctx, next) => { ctx.body = 'hello'; return use(ctx, next) }

export const cases: Case[] = [
  ...bodyCases,
  ...[100, 101, 200, 201, 203, 204, 205, 206, 300, 304, 400, 404, 418, 500, 599, 999].filter((code) => code >= 200).flatMap((code): Case[] => [
    { name: `status ${code} without body`, use: (ctx) => { ctx.status = code } },
    { name: `status ${code} then body`, use: (ctx) => { ctx.status = code; ctx.body = 'hello' } },
    { name: `body then status ${code}`, use: text((ctx) => { ctx.status = code }) },
    { name: `status ${code} with null`, use: (ctx) => { ctx.status = code; ctx.body = null } },
  ]),
  ...[0, 99, 1000, 200.5, '200', NaN, null, undefined].map((code): Case => ({
    name: `status ${String(code)} is refused`,
    use: (ctx) => { try { ctx.status = code as never } catch (error) { ctx.body = String(error) } },
  })),
  { name: 'nothing at all', use: () => {} },
  { name: 'nothing at all to HEAD', method: 'HEAD', use: () => {} },
  { name: 'no middleware', use: [] },
  { name: 'message', use: text((ctx) => { ctx.message = 'Fine' }) },
  { name: 'message without body', use: (ctx) => { ctx.status = 400; ctx.message = 'Try Again' } },
  { name: 'message is the status text by default', use: (ctx) => { ctx.status = 418; ctx.body = ctx.message } },
  { name: 'status resets message', use: (ctx) => { ctx.message = 'x'; ctx.status = 202; ctx.body = ctx.message } },
  { name: 'type json and null', use: (ctx) => { ctx.type = 'json'; ctx.body = null } },
  { name: 'type application/json and null', use: (ctx) => { ctx.set('Content-Type', 'application/json'); ctx.body = null } },
  { name: 'type application/json and undefined', use: (ctx) => { ctx.set('Content-Type', 'application/json'); ctx.body = undefined } },
  { name: 'vendor json type stays', use: (ctx) => { ctx.type = 'application/vnd.api+json'; ctx.body = { a: 1 } } },
  { name: 'text type gives way to an object', use: (ctx) => { ctx.type = 'text'; ctx.body = { a: 1 } } },
  { name: 'type removed', use: text((ctx) => { ctx.remove('Content-Type') }) },
  { name: 'length removed', use: text((ctx) => { ctx.remove('Content-Length') }) },
  { name: 'length of an object set by hand', use: (ctx) => { ctx.body = { a: 1 }; ctx.length = 7 } },
  { name: 'chunked by hand', use: (ctx) => { ctx.set('Transfer-Encoding', 'chunked'); ctx.body = 'hello' } },
  { name: 'chunked stream in HTTP/1.0', version: '1.0', use: (ctx) => { ctx.body = Readable.from(['a', 'b']) } },
  { name: 'a stream with a length', use: (ctx) => { ctx.length = 3; ctx.body = Readable.from(['abc']) } },
  { name: 'a stream with a length to HEAD', method: 'HEAD', use: (ctx) => { ctx.length = 3; ctx.body = Readable.from(['abc']) } },
  { name: 'explicit null in 200', use: (ctx) => { ctx.status = 200; ctx.body = null } },
  { name: 'explicit null then text status', use: (ctx) => { ctx.body = null; ctx.status = 404 } },
  { name: 'undefined then status 200', use: (ctx) => { ctx.body = undefined; ctx.status = 200 } },
  { name: 'body read back', use: (ctx) => { ctx.body = { a: 1 }; (ctx.body as { b: number }).b = 2 } },
  { name: 'status of a body', use: (ctx) => { const before = ctx.status; ctx.body = 'x'; ctx.body = [before, ctx.status] } },
  { name: 'respond = false', use: (ctx) => { ctx.respond = false; ctx.res.statusCode = 202; ctx.res.end('by hand') } },
  { name: 'res ended by hand', use: (ctx) => { ctx.res.end('by hand'); ctx.body = 'ignored' } },
  { name: 'head sent by hand', use: (ctx) => { ctx.res.writeHead(202, { 'X-Hand': '1' }); ctx.body = 'rest' } },
  { name: 'flushHeaders then body', use: (ctx) => { ctx.type = 'text'; ctx.flushHeaders(); ctx.body = 'after' } },
  { name: 'flushHeaders after body', use: text((ctx) => { ctx.flushHeaders() }) },
  { name: 'headers set after the head', use: text((ctx) => { ctx.flushHeaders(); ctx.set('X-Late', '1'); ctx.status = 500; ctx.remove('Content-Type') }) },
  { name: 'a failing stream in 204', use: (ctx) => { ctx.status = 204; ctx.body = createReadStream('/does/not/exist') } },
  { name: 'a failing stream that was replaced', use: (ctx) => { ctx.body = createReadStream('/does/not/exist'); ctx.body = Readable.from(['x']); ctx.body = 'text' } },
  { name: 'streams that follow one another', use: (ctx) => { ctx.body = Readable.from(['a']); ctx.body = Readable.from(['b']); ctx.body = Readable.from(['c']) } },
  { name: 'a stream after text', use: (ctx) => { ctx.body = 'longer than the stream'; ctx.body = Readable.from(['b']) } },
  { name: 'res written by hand, no body', use: (ctx) => { ctx.status = 200; ctx.res.setHeader('Content-Type', 'text/html'); ctx.res.write('Hello') } },
  { name: 'type null', use: (ctx) => { ctx.body = 'x'; ctx.type = null as never } },
  { name: 'status kept by a body', use: (ctx) => { ctx.res.statusCode = 202; ctx.body = 'x' } },
  { name: 'statusMessage by hand', use: (ctx) => { ctx.res.statusMessage = 'Mine'; ctx.body = 'x' } },
  { name: 'status after the head', use: (ctx) => { ctx.respond = false; ctx.res.writeHead(202); ctx.body = 'x'; ctx.res.end(String(ctx.status)) } },
  { name: 'OPTIONS', method: 'OPTIONS', use: text(() => {}) },
  { name: 'status and body in a later middleware', use: [(_ctx, next) => next(), (ctx) => { ctx.status = 201; ctx.body = 'later' }] },
  { name: 'what upstream sees', use: [async (ctx, next) => {
    await next()
    ctx.body = [ctx.status, ctx.type, ctx.length, ctx.response.header, ctx.res.getHeader('content-length'), ctx.headerSent, ctx.writable]
  }, text(() => {})] },
]
