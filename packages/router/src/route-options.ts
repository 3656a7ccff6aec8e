import { inspect } from 'node:util'

/** What may be said of one route, before its handlers. */
export interface RouteOptions {
  /**
   * What a stop does to a request of this route: 'finish' (the default) lets it end within the drain, 'end' aborts its
   * `ctx.signal` as soon as the drain begins, 'serve' does not abort it before the cut.
   */
  stop?: StopPolicy | undefined
  /** The deadline of its requests (ms), from the match on. Default: the app's. */
  timeout?: number | undefined
}

/** See `RouteOptions.stop`. `ctx.stopPolicy` of a request whose route has one; whoever shuts down reads it there. */
export type StopPolicy = 'end' | 'finish' | 'serve'

const POLICIES: readonly unknown[] = ['end', 'finish', 'serve']

/** Options, and not a handler. */
export function isRouteOptions(value: unknown): value is RouteOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).every((key) => key === 'stop' || key === 'timeout')
}

/** @throws TypeError or RangeError if an option is wrong */
export function checkRouteOptions({ stop, timeout }: RouteOptions, route: string): void {
  if (stop !== undefined && !POLICIES.includes(stop)) {
    throw new TypeError(`Cannot add route ${route} with stop ${inspect(stop)}: it must be 'end', 'finish' or 'serve'`)
  }
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0)) {
    throw new RangeError(`Cannot add route ${route} with timeout ${inspect(timeout)}: it must be a number of ms above 0`)
  }
}
