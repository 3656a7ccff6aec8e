import { type Next } from '@ebbjs/core'
import { type Handler, type RouterContext } from './handler'

/** Functions that run together, and what is told to `ctx` before the first. */
export interface Stage {
  readonly stack: readonly Handler[]
  enter(ctx: RouterContext): void
}

/**
 * What `next()` gives where all that it ran has ended, with nothing to say: one promise for all, so that `dispatch`
 * knows it again.
 */
const ENDED: Promise<void> = Promise.resolve()

/**
 * Runs the functions of the stages, one after the other, then `next`: one chain, as koa-compose makes it.
 * @returns undefined if they had ended, with nothing to say, before it returned: whoever composes then need not wait
 */
export function dispatch(ctx: RouterContext, stages: readonly Stage[], next: Next): Promise<unknown> | undefined {
  if (stages.length === 1 && stages[0]?.stack.length === 1) return only(ctx, stages[0], next)
  let last = -1
  const step = (index: number, place: number, fn: number): Promise<void> => {
    if (index <= last) return Promise.reject(new Error('next() called multiple times'))
    last = index
    try {
      for (let stage = stages[place]; stage !== undefined; stage = stages[++place], fn = 0) {
        if (fn === 0) stage.enter(ctx)
        if (fn === stage.stack.length) continue
        return promised((stage.stack[fn] as Handler)(ctx, () => step(index + 1, place, fn + 1)))
      }
      return promised(next())
    } catch (error) {
      return Promise.reject(error)
    }
  }
  const running = step(0, 0, 0)
  return running === ENDED ? undefined : running
}

/** One function alone, as most routes have: its `next` is the router's. */
function only(ctx: RouterContext, stage: Stage, next: Next): Promise<unknown> | undefined {
  try {
    stage.enter(ctx)
    const running = (stage.stack[0] as Handler)(ctx, next)
    return running === undefined ? undefined : Promise.resolve(running)
  } catch (error) {
    return Promise.reject(error)
  }
}

function promised(result: unknown): Promise<void> {
  return result === undefined ? ENDED : Promise.resolve(result as Promise<void>)
}
