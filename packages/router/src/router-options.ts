/** Options of a Router. */
export interface RouterOptions<Prefix extends string = string> {
  /** Stands before every path, params and all; not before a RegExp. */
  prefix?: Prefix | (string & {}) | undefined
  /** Letter case counts. Default false. */
  sensitive?: boolean | undefined
  /** A last '/' counts. Default false. */
  strict?: boolean | undefined
  /** One more '/' at the end is fine. Default: not `strict`. */
  trailing?: boolean | undefined
  /** true: of several routes that match, only the last runs; 'specificity': only the one with the fewest params. */
  exclusive?: boolean | 'specificity' | undefined
  /** Requests for other hosts are passed on. */
  host?: string | readonly string[] | RegExp | undefined
  /** The methods that `allowedMethods` does not answer 501. Default: see `defaultMethods`. */
  methods?: readonly string[] | undefined
  /** The path to match instead of the request's. */
  routerPath?: string | undefined
}

/** The default of option `methods`. */
export const defaultMethods: readonly string[] = ['HEAD', 'OPTIONS', 'GET', 'PUT', 'PATCH', 'POST', 'DELETE']

/** What happens in a router that `on` can listen to. */
export const RouterEvents = {
  /** No route takes path and method. */
  NotFound: 'not-found',
} as const

/** The name of an event. */
export type RouterEvent = (typeof RouterEvents)[keyof typeof RouterEvents]

/** What `router.on` listens to: a name, or a function that picks it. */
export type RouterEventSelector = RouterEvent | ((events: typeof RouterEvents) => RouterEvent)

/** Is the router for this host? */
export function matchHost(wanted: RouterOptions['host'], host: string | undefined): boolean {
  if (!wanted) return true
  if (!host) return false
  if (typeof wanted === 'string') return host === wanted
  if (!(wanted instanceof RegExp)) return wanted.includes(host)
  wanted.lastIndex = 0 // a global RegExp would go on where it last stopped
  return wanted.test(host)
}
