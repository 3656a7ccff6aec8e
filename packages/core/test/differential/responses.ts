import { type Case, type Fn } from './run'

const html = { Accept: 'text/html' }
const done = (use: (ctx: Parameters<Fn>[0]) => unknown): Fn => (ctx) => {
  try {
    use(ctx)
  } catch (error) {
    ctx.set('X-Threw', String(error).replaceAll('\n', ' '))
  }
  ctx.body ??= 'done'
}

const targets = ['/login', 'http://example.com/a b', 'https://ex.com/?a=ü', '/a?b="<script>', 'javascript:alert(1)', '//evil.com', '', '/%zz%20', 'http://user:pw@h/', 'HTTP://EXAMPLE.com/X', '/ü', 'http://', 'back']
const types = ['html', '.html', 'json', 'png', 'text/plain', 'text/plain; charset=latin1', 'application/json', 'bin', 'nonsense', '', 'image/svg+xml', 'file.tar.gz', 'text/html;charset=utf-8', 'form']

export const cases: Case[] = [
  ...targets.flatMap((url): Case[] => [
    { name: `redirect ${url} to html`, headers: html, use: (ctx) => ctx.redirect(url) },
    { name: `redirect ${url} to text`, headers: { Accept: 'text/plain' }, use: (ctx) => ctx.redirect(url) },
  ]),
  { name: 'redirect with status', use: (ctx) => { ctx.status = 301; ctx.redirect('/x') } },
  { name: 'redirect with a status that is none', use: (ctx) => { ctx.status = 201; ctx.redirect('/x') } },
  { name: 'redirect then body', use: (ctx) => { ctx.redirect('/x'); ctx.body = 'mine' } },
  { name: 'redirect after flush', use: (ctx) => { ctx.length = 0; ctx.flushHeaders(); ctx.redirect('/x'); ctx.res.end() } },
  ...([[undefined, undefined], ['http://ebb.example.com/a', undefined], ['http://evil.com/a', undefined], ['http://evil.com/a', '/alt'], ['/relative', '/alt'], ['http://ebb.example.com.evil.com/', '/alt'], ['//ebb.example.com/b', undefined], ['http://[', '/alt']] as const).map(([referer, alt]): Case => ({
    name: `back from ${referer} or ${alt}`, headers: referer === undefined ? {} : { Referer: referer }, use: (ctx) => ctx.back(alt),
  })),
  ...types.map((value): Case => ({ name: `type ${value}`, use: done((ctx) => { ctx.type = value; ctx.set('X-Type', ctx.type); ctx.set('X-Is', String(ctx.response.is('html', 'json', 'image/*'))) }) })),
  { name: 'type is empty by default', use: (ctx) => { ctx.body = [ctx.response.type, ctx.response.is('html')] } },
  ...(['report.pdf', 'ü"x.html', undefined, 'a/b/c.png', 'no extension', 'x.unknownext', '€.txt'] as const).map((name): Case => ({ name: `attachment ${name}`, use: done((ctx) => ctx.attachment(name)) })),
  { name: 'attachment with options', use: done((ctx) => ctx.attachment('a.txt', { type: 'inline', fallback: false })) },
  { name: 'attachment keeps a type', use: done((ctx) => { ctx.type = 'css'; ctx.attachment('a.png') }) },
  ...(['abc', '"abc"', 'W/"abc"', 'W/abc', '', 'a"b'] as const).map((tag): Case => ({ name: `etag ${tag}`, use: done((ctx) => { ctx.etag = tag; ctx.set('X-Etag', ctx.etag) }) })),
  { name: 'lastModified as a date', use: done((ctx) => { ctx.lastModified = new Date(1e12); ctx.set('X-Read', ctx.lastModified!.toISOString()) }) },
  { name: 'lastModified as text', use: done((ctx) => { ctx.lastModified = '2013-09-13' }) },
  { name: 'lastModified unset', use: (ctx) => { ctx.body = [ctx.lastModified === undefined] } },
  { name: 'lastModified invalid', use: done((ctx) => { ctx.lastModified = 'nonsense' }) },
  { name: 'vary', use: done((ctx) => { ctx.vary('Origin'); ctx.vary('Accept'); ctx.vary('origin') }) },
  { name: 'vary *', use: done((ctx) => { ctx.vary('Origin'); ctx.vary('*') }) },
  { name: 'vary list', use: done((ctx) => ctx.vary(['A', 'B'])) },
  { name: 'vary bad', use: done((ctx) => ctx.vary('a b')) },
  { name: 'set an object', use: done((ctx) => ctx.set({ 'X-A': '1', 'X-B': ['2', '3'], 'X-C': 4 })) },
  { name: 'set an empty name', use: done((ctx) => ctx.set('', 'x')) },
  { name: 'set undefined', use: done((ctx) => ctx.set('X-A', undefined as never)) },
  { name: 'set null', use: done((ctx) => ctx.set('X-A', null as never)) },
  { name: 'set a number and a boolean', use: done((ctx) => { ctx.set('X-A', 0); ctx.set('X-B', true as never) }) },
  { name: 'set content-type in a list of one', use: done((ctx) => ctx.set('Content-Type', ['text/css'])) },
  { name: 'set content-type in a list of two', use: done((ctx) => ctx.set('Content-Type', ['text/css', 'x'])) },
  { name: 'set a list of one in an object with a bad one', use: done((ctx) => ctx.set({ 'X-A': '1', 'Content-Length': ['1', '2'] })) },
  { name: 'append', use: done((ctx) => { ctx.append('X-A', '1'); ctx.append('x-a', '2'); ctx.append('X-A', ['3', '4']); ctx.append('Set-Cookie', 'a=b') }) },
  { name: 'append after set', use: done((ctx) => { ctx.set('X-A', ['1']); ctx.append('X-A', '2'); ctx.set('X-A', '3') }) },
  { name: 'append to an implied type', use: (ctx) => { ctx.body = 'x'; ctx.append('Content-Type', 'y') } },
  { name: 'get, has and remove', use: (ctx) => { ctx.set('X-A', '1'); const seen = [ctx.response.get('x-a'), ctx.has('X-A'), ctx.has('x-b')]; ctx.remove('x-a'); ctx.body = [...seen, ctx.has('x-a'), String(ctx.response.get('x-a'))] } },
  { name: 'header and headers', use: (ctx) => { ctx.set('X-A', ['1', '2']); ctx.body = [ctx.response.header, ctx.response.headers] } },
  ...(['x', 'häh', Buffer.from('abc'), { a: 1 }, [], 5, null, ''] as const).map((body): Case => ({ name: `length of ${JSON.stringify(body)}`, use: (ctx) => { ctx.body = body; ctx.set('X-Length', String(ctx.length)) } })),
  { name: 'length without body', use: (ctx) => { ctx.body = [String(ctx.length)] } },
  { name: 'length written', use: (ctx) => { ctx.length = 5; ctx.set('X-Length', String(ctx.length)); ctx.body = 'hello' } },
  { name: 'length of garbage', use: (ctx) => { ctx.set('Content-Length', 'x'); ctx.set('X-Length', String(ctx.length)); ctx.body = 'hello' } },
  { name: 'writable and headerSent', use: (ctx) => { const before = [ctx.writable, ctx.headerSent]; ctx.respond = false; ctx.res.write(JSON.stringify(before)); ctx.res.write(JSON.stringify([ctx.writable, ctx.headerSent])); ctx.res.end(); ctx.set('X-Late', '1') } },
]
