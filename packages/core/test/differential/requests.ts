import { type Case, type Fn } from './run'

/** Answers with what a context shows; a thrown error shows too. */
const show = (look: (ctx: Parameters<Fn>[0]) => unknown): Fn => (ctx) => {
  let shown: unknown
  try {
    shown = look(ctx)
  } catch (error) {
    shown = { threw: String(error) }
  }
  ctx.body = JSON.stringify(shown, (_, value: unknown) => (value === undefined ? 'undefined' : value))
}

const url = show((ctx) => [ctx.url, ctx.originalUrl, ctx.path, ctx.query, ctx.querystring, ctx.search, ctx.href, ctx.URL.href, ctx.origin])
const where = show((ctx) => [ctx.host, ctx.hostname, ctx.subdomains, ctx.protocol, ctx.secure, ctx.ips, ctx.ip.replace('::ffff:', ''), ctx.href, ctx.URL.host])
const type = show((ctx) => [ctx.request.type, ctx.request.charset, ctx.request.length, ctx.is('json'), ctx.is('text/*', 'image/png'), ctx.is(['urlencoded', 'multipart']), ctx.request.is('*/*')])
const accept = show((ctx) => [
  ctx.accepts(), ctx.accepts('html', 'json'), ctx.accepts(['png', 'text']), ctx.accepts('image/*'), ctx.accepts('none'),
  ctx.acceptsEncodings(), ctx.acceptsEncodings('gzip', 'identity'), ctx.acceptsEncodings('br'),
  ctx.acceptsCharsets(), ctx.acceptsCharsets('utf-8', 'latin1'), ctx.acceptsLanguages(), ctx.acceptsLanguages('de', 'en'),
])
const write = (change: (ctx: Parameters<Fn>[0]) => void) => show((ctx) => {
  change(ctx)
  return [ctx.url, ctx.req.url, ctx.originalUrl, ctx.path, ctx.query, ctx.querystring, ctx.search, ctx.method, ctx.req.method]
})
const proxy = { proxy: true }
const forwarded = { 'X-Forwarded-For': '10.0.0.1, 10.0.0.2,10.0.0.3', 'X-Forwarded-Proto': 'HTTPS, http', 'X-Forwarded-Host': 'front.example.org:8080, back' }

const paths = ['/', '/a/b?c=d&c=e&f', '/a?', '/a?b=c?d', '//evil.com/x', '/%E4%F6?%zz', '/ä', '/?__proto__=x&constructor=y', '/?a[b]=1&a[]=2', '/?a+b=c%20d', '*', 'http://other.example/abs?x=1', '/a;b=c#frag', '/?q=%00', '/?=', '/?&&a', '/a?b=1&b=2&b=3']
const hosts = ['localhost', 'ebb.example.com:3000', '[::1]:3000', '[::1]', '127.0.0.1:80', 'tobi.ferrets.example.com', 'user@evil.com', 'user:pw@evil.com:90', '@', 'a@b@c', 'x, y', '', '[bad', '[::1/x]', 'EBB.example.com', '[::ffff:127.0.0.1]']

export const cases: Case[] = [
  ...paths.map((path): Case => ({ name: `url ${path}`, path, use: url })),
  ...hosts.map((host): Case => ({ name: `host ${JSON.stringify(host)}`, headers: { Host: host }, use: where })),
  { name: 'forwarded headers without proxy', headers: forwarded, use: where },
  { name: 'forwarded headers with proxy', options: proxy, headers: forwarded, use: where },
  { name: 'proxy without headers', options: proxy, use: where },
  { name: 'proxy and empty X-Forwarded-Proto', options: proxy, headers: { 'X-Forwarded-Proto': '' }, use: where },
  { name: 'proxy and commas only', options: proxy, headers: { 'X-Forwarded-For': ' , ', 'X-Forwarded-Host': ',', 'X-Forwarded-Proto': ',' }, use: where },
  { name: 'maxIpsCount', options: { ...proxy, maxIpsCount: 2 }, headers: forwarded, use: where },
  { name: 'proxyIpHeader', options: { ...proxy, proxyIpHeader: 'X-Client' }, headers: { 'X-Client': '1.2.3.4' }, use: where },
  { name: 'subdomainOffset', options: { subdomainOffset: 3 }, headers: { Host: 'tobi.ferrets.example.com' }, use: where },
  { name: 'ip assigned', use: show((ctx) => { (ctx.request as { ip: string }).ip = '9.9.9.9'; return ctx.ip }) },
  { name: 'path written', path: '/a?b=c', use: write((ctx) => { ctx.path = '/x' }) },
  { name: 'path written with the same', path: '/a?b=c', use: write((ctx) => { ctx.path = '/a' }) },
  { name: 'path written with odd characters', path: '/a?b=c', use: write((ctx) => { ctx.path = '/x?y#z ä' }) },
  { name: 'url written', path: '/a?b=c', use: write((ctx) => { ctx.url = '/y?z=1' }) },
  { name: 'method written', use: write((ctx) => { ctx.method = 'PUT' }) },
  { name: 'query written', path: '/a?b=c', use: write((ctx) => { ctx.query = { d: 'e', f: ['1', '2'], g: undefined, h: 3 as never, i: true as never, j: {} as never } }) },
  { name: 'querystring written', path: '/a?b=c', use: write((ctx) => { ctx.querystring = 'd=e' }) },
  { name: 'querystring cleared', path: '/a?b=c', use: write((ctx) => { ctx.querystring = '' }) },
  { name: 'search written', path: '/a', use: write((ctx) => { ctx.search = '?d=e' }) },
  { name: 'search written without ?', path: '/a', use: write((ctx) => { ctx.search = 'd=e' }) },
  { name: 'search of an absolute URL written', path: 'http://other.example/abs?x=1', use: write((ctx) => { ctx.search = 'd=e' }) },
  { name: 'query is kept', path: '/?a=1', use: show((ctx) => { (ctx.query as { b?: string }).b = '2'; return [ctx.query, ctx.query === ctx.query] }) },
  { name: 'an overridden query shows', setup: (app) => { Object.defineProperty(app.request, 'query', { get: () => ({ mine: '1' }) }) }, use: show((ctx) => ctx.query) },
  { name: 'an overridden path shows', setup: (app) => { Object.defineProperty(app.request, 'path', { get: () => '/mine' }) }, use: show((ctx) => ctx.path) },
  { name: 'header written', use: show((ctx) => { ctx.request.header = { a: 'b' }; return [ctx.header, ctx.headers, ctx.get('a')] }) },
  ...['text/html', 'application/json;q=0.5, text/*', '*/*', '', 'image/png;q=0', 'garbage'].map((value): Case => ({ name: `accept ${value}`, headers: { Accept: value, 'Accept-Encoding': 'gzip;q=0.5, identity', 'Accept-Charset': 'latin1, utf-8;q=0.5', 'Accept-Language': 'en;q=0.8, de' }, use: accept })),
  { name: 'accept without headers', use: accept },
  ...['application/json', 'application/json; charset=utf-8', 'text/plain; charset="ISO-8859-1"', 'multipart/form-data; boundary=x', 'garbage', ';;', 'application/vnd.api+json', 'TEXT/HTML; CHARSET=UTF-8'].map((value): Case => ({ name: `type ${value}`, method: 'POST', headers: { 'Content-Type': value }, body: 'abc', use: type })),
  { name: 'type without body', headers: { 'Content-Type': 'application/json' }, use: type },
  { name: 'type of nothing', method: 'POST', body: 'x', use: type },
  ...['referer', 'Referrer', 'HOST', 'x-none', 'Cookie', 'X-Twice'].map((name): Case => ({ name: `get ${name}`, headers: { Referer: 'r1', 'X-Twice': 'a', Cookie: 'a=b' }, use: show((ctx) => ctx.get(name)) })),
  ...['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'POST', 'PATCH', 'PROPFIND'].map((method): Case => ({ name: `idempotent ${method}`, method, use: show((ctx) => [ctx.idempotent, ctx.method]) })),
  ...[['"a"', 200], ['"b"', 200], ['"a"', 404], ['*', 304], ['W/"a"', 200]].map(([tag, status]): Case => ({
    name: `fresh ${tag} ${status}`,
    headers: { 'If-None-Match': String(tag) },
    use: (ctx) => { ctx.status = status as number; ctx.etag = 'a'; ctx.body = [ctx.fresh, ctx.stale] },
  })),
  { name: 'fresh by date', headers: { 'If-Modified-Since': new Date(1e12).toUTCString() }, use: (ctx) => { ctx.status = 200; ctx.lastModified = new Date(1e12); ctx.body = ctx.fresh } },
  { name: 'fresh for POST', method: 'POST', headers: { 'If-None-Match': '"a"' }, use: (ctx) => { ctx.status = 200; ctx.etag = 'a'; ctx.body = ctx.fresh } },
  { name: 'socket', use: show((ctx) => [ctx.socket === ctx.req.socket, ctx.request.socket === ctx.res.socket, ctx.response.socket === ctx.socket]) },
  { name: 'own keys of ctx', use: show((ctx) => Object.keys(ctx).sort()) },
  { name: 'links', use: show((ctx) => [ctx.request.ctx === ctx, ctx.response.ctx === ctx, ctx.request.response === ctx.response, ctx.response.request === ctx.request, ctx.app === ctx.request.app, ctx.request.originalUrl]) },
  { name: 'prototypes', use: show((ctx) => [Object.getPrototypeOf(ctx) === ctx.app.context, Object.getPrototypeOf(ctx.request) === ctx.app.request, Object.getPrototypeOf(ctx.response) === ctx.app.response]) },
  { name: 'state', use: [(ctx, next) => { ctx.state['user'] = 'tobi'; return next() }, show((ctx) => ctx.state)] },
  { name: 'in', use: show((ctx) => ['respond' in ctx, 'body' in ctx, 'query' in ctx, 'nope' in ctx, 'session' in ctx, 'params' in ctx]) },
  { name: 'toJSON', use: show((ctx) => { const all = ctx.toJSON() as { app: { env: string } }; return all }) },
  { name: 'request and response inspect', use: show((ctx) => [ctx.request.inspect(), ctx.response.inspect(), ctx.request.toJSON(), ctx.response.toJSON()]) },
  { name: 'Object.create(ctx)', use: show((ctx) => { const child = Object.create(ctx) as typeof ctx; child['mine'] = 1; child.status = 201; return [child.path, ctx.status, 'mine' in ctx, child.inspect()] }) },
  { name: 'defineProperty on ctx', use: show((ctx) => { Object.defineProperty(ctx, 'session', { get: () => 's' }); return ctx['session'] as string }) },
  { name: 'request.body assigned', use: show((ctx) => { ctx.request.body = { a: 1 }; return [ctx.request.body, ctx.body] }) },
  { name: 'cookies read', headers: { Cookie: 'a=b; c=d%20e; a=second' }, use: show((ctx) => [ctx.cookies.get('a'), ctx.cookies.get('c'), ctx.cookies.get('none')]) },
  { name: 'cookies signed', options: { keys: ['k'] }, headers: { Cookie: 'a=b; a.sig=bad' }, use: show((ctx) => [ctx.cookies.get('a'), ctx.cookies.get('a', { signed: false })]) },
  { name: 'cookies written', use: (ctx) => { ctx.cookies.set('a', 'b', { path: '/x', maxAge: 0, sameSite: 'lax', expires: new Date(0) }); ctx.cookies.set('c', 'd', { httpOnly: false }); ctx.body = 'ok' } },
  { name: 'cookies written signed', options: { keys: ['k1', 'k2'] }, use: (ctx) => { ctx.cookies.set('a', 'b'); ctx.body = 'ok' } },
  { name: 'cookies written signed without keys', use: (ctx) => { ctx.cookies.set('a', 'b', { signed: true }) } },
  { name: 'cookies secure over http', use: (ctx) => { ctx.cookies.set('a', 'b', { secure: true }) } },
  { name: 'cookies cleared', use: (ctx) => { ctx.cookies.set('a'); ctx.cookies.set('b', null); ctx.body = 'ok' } },
  { name: 'cookies replaced', use: (ctx) => { ctx.cookies = { get: () => 'mine' } as never; ctx.body = ctx.cookies.get('x') } },
]
