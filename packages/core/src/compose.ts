import { type Context } from './context'

/** Runs the rest of the chain; resolves when it has ended. Calling it twice in one middleware rejects. */
export type Next = () => Promise<void>

/**
 * A function of the chain, as in Koa: works on `ctx`, and awaits `next()` to run what was added after it.
 * @typeParam State - the shape of `ctx.state`
 * @typeParam Extra - what earlier middleware or a router adds to `ctx`
 */
export type Middleware<State = DefaultState, Extra = {}> = (ctx: Context<State> & Extra, next: Next) => unknown

/** What `ctx.state` is when the app does not say: open, every field unknown. */
export type DefaultState = Record<string, unknown>

/** A chain as one function. `next` runs after its last middleware. */
export type Composed<Ctx> = (ctx: Ctx, next?: Next) => Promise<void>

/**
 * What a chain returns that ended before it returned, and with nothing to say: one promise for all of them, so that
 * nobody has to wait for it. A middleware that is no async function and returns nothing costs no promise.
 */
export const ENDED: Promise<void> = Promise.resolve()

/**
 * Makes one function of a list of middleware, as koa-compose does: nested arrays are flattened,
 * the list is copied (what is added later does not count).
 * @throws TypeError if the list is no array or holds anything but functions
 */
export function compose<Ctx>(middleware: readonly Nested<(ctx: Ctx, next: Next) => unknown>[]): Composed<Ctx> {
  if (!Array.isArray(middleware)) throw new TypeError('Middleware stack must be an array!')
  const chain = middleware.flat(Infinity) as ((ctx: Ctx, next: Next) => unknown)[]
  for (const fn of chain) {
    if (typeof fn !== 'function') throw new TypeError('Middleware must be composed of functions!')
  }

  const run = (index: number, ctx: Ctx, after: Next | undefined): Promise<void> => {
    const fn = index === chain.length ? after : chain[index]
    if (fn === undefined) return ENDED
    let called = false
    const next = (): Promise<void> => {
      if (called) return Promise.reject(new Error('next() called multiple times'))
      called = true
      return run(index + 1, ctx, after)
    }
    try {
      const running = fn(ctx, next) as Promise<void> | undefined
      return running === undefined ? ENDED : Promise.resolve(running)
    } catch (error) {
      return Promise.reject(error)
    }
  }
  return (ctx, next) => run(0, ctx, next)
}

type Nested<T> = T | readonly Nested<T>[]
