import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { format as formatUrl, URL, type UrlObject } from 'node:url'
import { inspect } from 'node:util'
import parseurl from 'parseurl'
import { type Accepts, acceptsOf } from './accepts'
import { type App } from './app'
import { decode, isJson, parseJson } from './body-text'
import { type Context, lifetime } from './context'
import { createHttpError } from './http-error'
import { lazy } from './lazy'
import { formatQuery, parseQuery, type Query } from './query'
import { type BodyOptions, RequestBody } from './request-body'
import { type Response } from './response'
import { typeIs } from './type-is'

const contentType = lazy<typeof import('content-type')>(() => require('content-type'))
const freshness = lazy<typeof import('fresh')>(() => require('fresh'))

const ABSOLUTE = /^https?:\/\//i
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])

/** The request as Koa shows it. Nothing is parsed before it is asked for. */
export class Request {
  readonly app: App
  readonly req: IncomingMessage
  readonly res: ServerResponse
  ctx: Context
  response: Response
  originalUrl: string
  /** What a body parser made of the body. */
  declare body?: unknown
  private _accept: Accepts | undefined = undefined
  private _queries: Map<string, Query> | undefined = undefined
  private _url: URL | Record<string, never> | undefined = undefined
  private _ip: string | undefined = undefined
  private _rawBody: RequestBody | undefined = undefined

  /** Its context links it to itself and to the response. */
  constructor(app: App, req: IncomingMessage, res: ServerResponse) {
    this.app = app
    this.req = req
    this.res = res
    this.ctx = undefined as unknown as Context
    this.response = undefined as unknown as Response
    this.originalUrl = req.url as string
  }

  get header(): IncomingHttpHeaders {
    return this.req.headers
  }

  set header(value: IncomingHttpHeaders) {
    this.req.headers = value
  }

  get headers(): IncomingHttpHeaders {
    return this.req.headers
  }

  set headers(value: IncomingHttpHeaders) {
    this.req.headers = value
  }

  get url(): string {
    return this.req.url as string
  }

  set url(value: string) {
    this.req.url = value
  }

  get method(): string {
    return this.req.method as string
  }

  set method(value: string) {
    this.req.method = value
  }

  /** The Origin header, or null. */
  get origin(): string | null {
    return this.req.headers.origin || null
  }

  /** The whole URL, also of a request that came in absolute form. */
  get href(): string {
    return ABSOLUTE.test(this.originalUrl) ? this.originalUrl : `${this.protocol}://${this.host}${this.originalUrl}`
  }

  get path(): string {
    return pathOf(this.req.url) ?? (this.parsed?.pathname as string)
  }

  /** @throws HttpError 400 if it is no URL, such as `http://[::bad/` in absolute form: Koa answers 500 */
  private get parsed(): ReturnType<typeof parseurl> {
    try {
      return parseurl(this.req)
    } catch {
      throw createHttpError(400, `Malformed URL: ${this.url}`)
    }
  }

  set path(value: string) {
    const url = this.parsed
    if (!url || url.pathname === value) return
    this.url = formatUrl({ ...url, pathname: value } as UrlObject)
  }

  get query(): Query {
    const text = this.querystring
    this._queries ??= new Map()
    let query = this._queries.get(text)
    if (query === undefined) {
      query = parseQuery(text)
      this._queries.set(text, query)
    }
    return query
  }

  set query(value: Query) {
    this.querystring = formatQuery(value)
  }

  get querystring(): string {
    if (!this.req) return ''
    return (this.parsed?.query as string | null) || ''
  }

  set querystring(value: string) {
    const url = this.parsed
    if (!url || url.search === `?${value}`) return
    this.url = formatUrl({ ...url, search: value } as UrlObject)
  }

  get search(): string {
    return this.querystring ? `?${this.querystring}` : ''
  }

  set search(value: string) {
    this.querystring = value
  }

  /** Host and port: of X-Forwarded-Host behind a trusted proxy, else of :authority or Host. */
  get host(): string {
    let host = this.app.proxy ? this.get('X-Forwarded-Host') : ''
    if (!host && this.req.httpVersionMajor >= 2) host = this.get(':authority')
    if (!host) host = this.get('Host')
    host = firstOf(host)
    if (!host.includes('@')) return host
    // User information in Host is invalid (RFC 9110 §7.2) and must not pass for the host.
    return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).host : ''
  }

  get hostname(): string {
    const { host } = this
    if (!host.startsWith('[')) return host.split(':', 1)[0] as string
    if (/[/?#\\\s]/.test(host)) return ''
    return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : ''
  }

  /** The WHATWG URL; an object without members if the request's URL or host is none. */
  get URL(): URL {
    if (this._url === undefined) {
      try {
        this._url = new URL(ABSOLUTE.test(this.originalUrl) ? this.originalUrl : `${this.protocol}://${this.host}${this.originalUrl || ''}`)
      } catch {
        this._url = Object.create(null) as Record<string, never>
      }
    }
    return this._url as URL
  }

  /** Whether the client's copy is still good: conditional GET or HEAD, with a 2xx or 304 whose validators match. */
  get fresh(): boolean {
    const { method } = this
    if (method !== 'GET' && method !== 'HEAD') return false
    const { status } = this.ctx
    if ((status < 200 || status >= 300) && status !== 304) return false
    return freshness()(this.header, this.response.header)
  }

  get stale(): boolean {
    return !this.fresh
  }

  get idempotent(): boolean {
    return IDEMPOTENT.has(this.method)
  }

  get socket(): Socket {
    return this.req.socket
  }

  /** The charset that Content-Type names, or ''. */
  get charset(): string {
    return charsetOf(this.req.headers['content-type'] ?? '')
  }

  /** Content-Length in bytes, or undefined. */
  get length(): number | undefined {
    const value = Number.parseInt(this.get('Content-Length'), 10)
    return Number.isNaN(value) ? undefined : value
  }

  get protocol(): string {
    if ((this.socket as { encrypted?: boolean }).encrypted) return 'https'
    if (!this.app.proxy) return 'http'
    const proto = this.get('X-Forwarded-Proto')
    return proto ? firstOf(proto).toLowerCase() : 'http'
  }

  get secure(): boolean {
    return this.protocol === 'https'
  }

  /** The addresses that a trusted proxy names, client first; at most `app.maxIpsCount` of the last. */
  get ips(): string[] {
    const value = this.get(this.app.proxyIpHeader)
    const ips = this.app.proxy && value ? value.split(',').map((ip) => ip.trim()) : []
    return this.app.maxIpsCount > 0 ? ips.slice(-this.app.maxIpsCount) : ips
  }

  get ip(): string {
    return (this._ip ||= this.ips[0] || this.socket.remoteAddress || '')
  }

  set ip(value: string) {
    this._ip = value
  }

  /** The names before the domain, nearest first: `tobi.ferrets.example.com` has ['ferrets', 'tobi']. */
  get subdomains(): string[] {
    const { hostname } = this
    if (isIP(hostname.startsWith('[') ? hostname.slice(1, -1) : hostname)) return []
    return hostname.split('.').reverse().slice(this.app.subdomainOffset)
  }

  get accept(): Accepts {
    return (this._accept ??= acceptsOf(this.req))
  }

  set accept(value: Accepts) {
    this._accept = value
  }

  accepts(...types: (string | string[])[]): string | string[] | false {
    return this.accept.types(...types)
  }

  acceptsEncodings(...encodings: (string | string[])[]): string | string[] | false {
    return this.accept.encodings(...encodings)
  }

  acceptsCharsets(...charsets: (string | string[])[]): string | string[] | false {
    return this.accept.charsets(...charsets)
  }

  acceptsLanguages(...languages: (string | string[])[]): string | string[] | false {
    return this.accept.languages(...languages)
  }

  /** The type among those given that the body has; null without a body, false if it is another. */
  is(type: string | string[], ...types: string[]): string | false | null {
    return typeIs()(this.req, type as string, ...types)
  }

  /** Content-Type without its parameters, or ''. */
  get type(): string {
    return this.get('Content-Type').split(';')[0] as string
  }

  /** A header, or ''; Referer and Referrer are one. */
  get(field: string): string {
    const name = field.toLowerCase()
    const { headers } = this.req
    if (name === 'referer' || name === 'referrer') return (headers['referrer'] as string) || headers.referer || ''
    return (headers[name] as string) || ''
  }

  /**
   * The whole body as bytes, inflated if it came compressed. Read once, within the `limit` of the first call: later calls
   * get the same.
   * Ends with `ctx.signal`, whose reason it then rejects with.
   * @throws by the promise: HttpError 413, 415 or 400; RangeError if `limit` is no number of bytes; TypeError if somebody
   *   else has read or decoded it, or the request was answered before anybody read it
   */
  buffer(options?: BodyOptions): Promise<Buffer> {
    return this._read((bytes) => bytes, options)
  }

  /** The body as text, in the charset that Content-Type names, else UTF-8. Throws what `buffer` throws. */
  text(options?: BodyOptions): Promise<string> {
    return this._read((bytes) => decode(bytes, this.charset), options)
  }

  /** The body parsed as JSON. Throws what `buffer` throws; 415 if Content-Type is not JSON, 400 if the body is not. */
  json(options?: BodyOptions): Promise<unknown> {
    const type = this.req.headers['content-type'] ?? ''
    if (isJson(type)) return this._read((bytes) => parseJson(decode(bytes, charsetOf(type))), options)
    return Promise.reject(createHttpError(415, `The body's type ${this.type || '(none)'} is not JSON: it must be application/json`))
  }

  private _read<T>(parse: (body: Buffer) => T, options: BodyOptions | undefined): Promise<T> {
    return (this._rawBody ??= new RequestBody(this.req, this.ctx[lifetime])).read(parse, options)
  }

  toJSON() {
    return { method: this.method, url: this.url, header: this.header }
  }

  inspect(): unknown {
    return this.req ? this.toJSON() : undefined
  }

  [inspect.custom](): unknown {
    return this.inspect()
  }
}

function charsetOf(type: string): string {
  if (!type.includes(';')) return ''
  try {
    return contentType().parse(type).parameters['charset'] || ''
  } catch {
    return ''
  }
}

function firstOf(list: string): string {
  return (list.split(',', 1)[0] as string).trim()
}

/** What parseurl makes of the path, without the rest that it makes beside it; undefined for a URL that it has to parse. */
function pathOf(url: string | undefined): string | undefined {
  if (typeof url !== 'string' || url.charCodeAt(0) !== 0x2f) return undefined
  let end = url.length
  for (let index = 1; index < url.length; index++) {
    const code = url.charCodeAt(index)
    if (code === 0x3f) {
      if (end === url.length) end = index
    } else if (code < 0x24 ? code !== 0x21 && code !== 0x22 : code === 0xa0 || code === 0xfeff) return undefined // a space or '#'
  }
  return url.slice(0, end)
}
