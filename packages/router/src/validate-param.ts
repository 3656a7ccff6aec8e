import { type Next } from '@ebbjs/core'
import { type RouterContext } from './handler'

/** Options of `createParameterValidationMiddleware`. */
export interface ParameterValidationOptions {
  /** Of the error. Default 400. */
  status?: number | undefined
  message?: string | undefined
  /** May the client read the message? Default: below status 500. */
  expose?: boolean | undefined
  /** Makes what is thrown instead. */
  createError?: ((name: string, value: string) => unknown) | undefined
}

/**
 * A check of one param by a RegExp, what `:id(\\d+)` was in older routers: for `router.param(name, check)`, or as a
 * handler in front of a route's others.
 * @throws TypeError if `pattern` is no RegExp
 */
export function createParameterValidationMiddleware(name: string, pattern: RegExp, options: ParameterValidationOptions = {}) {
  if (!(pattern instanceof RegExp)) throw new TypeError('pattern must be a RegExp instance')
  const { status = 400, message, expose, createError } = options
  const own = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))

  const refuse = (ctx: RouterContext, text: string): never => ctx.throw(status, message ?? text, expose === undefined ? {} : { expose })
  const check = (ctx: RouterContext, value: string, next: Next): Promise<void> => {
    if (own.test(value)) return next()
    if (createError !== undefined) throw createError(name, value)
    return refuse(ctx, `Invalid value for parameter "${name}": "${value}"`)
  }

  function validate(ctx: RouterContext, next: Next): Promise<void>
  function validate(value: string, ctx: RouterContext, next: Next): Promise<void>
  async function validate(...args: [RouterContext, Next] | [string, RouterContext, Next]): Promise<void> {
    if (args.length === 3) return check(args[1], args[0], args[2])
    const [ctx, next] = args
    const value: unknown = ctx.params[name]
    if (typeof value !== 'string') return refuse(ctx, `Missing required parameter "${name}" in route params`)
    return check(ctx, value, next)
  }
  return validate
}
