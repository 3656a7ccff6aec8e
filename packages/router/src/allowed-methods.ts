import { type Next } from '@ebbjs/core'
import { type RouterContext } from './handler'

/** Options of `router.allowedMethods`. */
export interface AllowedMethodsOptions {
  /** Throws an HttpError (405 or 501) instead of answering. Default false. */
  throw?: boolean | undefined
  /** Makes what is thrown instead of the 501. */
  notImplemented?: (() => unknown) | undefined
  /** Makes what is thrown instead of the 405. */
  methodNotAllowed?: (() => unknown) | undefined
}

/**
 * A middleware that answers what no route answered but another method would have: OPTIONS with 200, methods that are
 * not among `implemented` with 501, others with 405; each with Allow.
 */
export function allowedMethods(implemented: readonly string[], options: AllowedMethodsOptions) {
  return async (ctx: RouterContext, next: Next): Promise<void> => {
    await next()
    if (ctx.matched === undefined || (ctx.status && ctx.status !== 404)) return
    const allowed = methodsOf(ctx.matched)
    const method = ctx.method.toUpperCase()

    if (!implemented.includes(method)) refuse(ctx, 501, allowed, options.throw === true, options.notImplemented)
    else if (method === 'OPTIONS' && allowed.length > 0) {
      ctx.status = 200
      ctx.body = ''
      ctx.set('Allow', allowed.join(', '))
    } else if (allowed.length > 0 && !allowed.includes(method)) {
      refuse(ctx, 405, allowed, options.throw === true, options.methodNotAllowed)
    }
  }
}

/** The methods of layers, each once. */
export function methodsOf(layers: readonly { readonly methods: readonly string[] }[]): string[] {
  return [...new Set(layers.flatMap(({ methods }) => methods))]
}

function refuse(ctx: RouterContext, status: number, allowed: string[], throws: boolean, makeError: (() => unknown) | undefined): void {
  if (throws) {
    if (typeof makeError === 'function') throw makeError()
    ctx.throw(status)
  }
  ctx.status = status
  ctx.set('Allow', allowed.join(', '))
}
