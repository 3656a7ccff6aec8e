import { type IncomingMessage, type ServerResponse } from 'node:http'
import { lazy } from './lazy'

const library = lazy<typeof import('cookies')>(() => require('cookies'))

/** How a cookie is to be set. */
export interface CookieOptions {
  /** ms from now. Default: none, it goes with the browser's session. */
  maxAge?: number | undefined
  /** The moment it ends, if `maxAge` is not given. */
  expires?: Date | undefined
  /** Default '/'. */
  path?: string | undefined
  /** Default: the host that answers, and none below it. */
  domain?: string | undefined
  /** Sent back over TLS only. Default: whether the request came over TLS; true throws if it did not. */
  secure?: boolean | undefined
  /** Hidden from the page's scripts. Default true. */
  httpOnly?: boolean | undefined
  /** Whether requests from other sites carry it; true is 'strict'. Default false: the browser's own rule. */
  sameSite?: 'strict' | 'lax' | 'none' | boolean | undefined
  /** Sets a second cookie, `<name>.sig`, that signs it with `app.keys`. Default: whether there are keys; without any options, false. */
  signed?: boolean | undefined
  /** Takes the place of cookies of this name that this response has set before. Default false. */
  overwrite?: boolean | undefined
  /** Which cookies the browser drops last. */
  priority?: 'low' | 'medium' | 'high' | undefined
  /** Kept apart for each site that embeds this one. Default false. */
  partitioned?: boolean | undefined
}

/** The cookies of one request and its response. */
export interface Cookies {
  secure: boolean
  request: IncomingMessage
  response: ServerResponse
  /** @param options - `signed`: only if its signature is right. Default: whether there are keys; without options, false */
  get(name: string, options?: { signed?: boolean | undefined }): string | undefined
  /** Sets a cookie; without a value, tells the browser to drop it. */
  set(name: string, value?: string | null, options?: CookieOptions): this
}

export function cookiesOf(req: IncomingMessage, res: ServerResponse, keys: unknown, secure: boolean): Cookies {
  return new (library())(req, res, { keys: keys as string[], secure })
}
