import { type Next } from '@ebbjs/core'
import { type Handler, type RouterContext } from './handler'

/** Functions that run together, and what is told to `ctx` before the first. */
export interface Stage {
  readonly stack: readonly Handler[]
  enter(ctx: RouterContext): void
}

/** Runs the functions of the stages, one after the other, then `next`: one chain, as koa-compose makes it. */
export function dispatch(ctx: RouterContext, stages: readonly Stage[], next: Next): Promise<unknown> {
  if (stages.length === 1 && stages[0]?.stack.length === 1) return only(ctx, stages[0], next)
  let last = -1
  const step = (index: number, place: number, fn: number): Promise<void> => {
    if (index <= last) return Promise.reject(new Error('next() called multiple times'))
    last = index
    try {
      for (let stage = stages[place]; stage !== undefined; stage = stages[++place], fn = 0) {
        if (fn === 0) stage.enter(ctx)
        if (fn === stage.stack.length) continue
        return Promise.resolve((stage.stack[fn] as Handler)(ctx, () => step(index + 1, place, fn + 1))) as Promise<void>
      }
      return Promise.resolve(next())
    } catch (error) {
      return Promise.reject(error)
    }
  }
  return step(0, 0, 0)
}

/** One function alone, as most routes have: its `next` is the router's. */
function only(ctx: RouterContext, stage: Stage, next: Next): Promise<unknown> {
  try {
    stage.enter(ctx)
    return Promise.resolve((stage.stack[0] as Handler)(ctx, next))
  } catch (error) {
    return Promise.reject(error)
  }
}
