import createHttpError from 'http-errors'

/**
 * Makes errors of another copy of http-errors count as `instanceof HttpError`, as Koa 3.3 does:
 * a middleware brings its own copy, and its users still ask `error instanceof HttpError`.
 */
Object.defineProperty(createHttpError.HttpError, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, error: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this as () => void, error)) return true
    return this === createHttpError.HttpError && looksLikeHttpError(error)
  },
})

function looksLikeHttpError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { expose, status, statusCode } = error as Partial<createHttpError.HttpError>
  return typeof expose === 'boolean' && typeof statusCode === 'number' && status === statusCode
}

export { createHttpError }
export const { HttpError, isHttpError } = createHttpError
export type HttpError = createHttpError.HttpError
