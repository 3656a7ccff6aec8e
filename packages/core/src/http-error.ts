import httpErrors from 'http-errors'

/** An error that is answered: with its status, its headers and, if `expose`, its message. */
export interface HttpError extends Error {
  status: number
  statusCode: number
  /** Whether the client may read the message. Default: below 500. */
  expose: boolean
  headers?: Record<string, string> | undefined
  [name: string]: unknown
}

/** The class of one status: `new createHttpError.NotFound('no such order')`. */
export interface HttpErrorConstructor {
  (message?: string): HttpError
  new (message?: string): HttpError
  readonly prototype: HttpError
}

/** What all HttpErrors are an instance of; it makes none itself. */
export type HttpErrorClass = (abstract new (message?: string) => HttpError) & { readonly prototype: HttpError }

type ErrorName =
  | 'BadRequest' | 'Unauthorized' | 'PaymentRequired' | 'Forbidden' | 'NotFound' | 'MethodNotAllowed' | 'NotAcceptable'
  | 'ProxyAuthenticationRequired' | 'RequestTimeout' | 'Conflict' | 'Gone' | 'LengthRequired' | 'PreconditionFailed'
  | 'PayloadTooLarge' | 'URITooLong' | 'UnsupportedMediaType' | 'RangeNotSatisfiable' | 'ExpectationFailed' | 'ImATeapot'
  | 'MisdirectedRequest' | 'UnprocessableEntity' | 'Locked' | 'FailedDependency' | 'TooEarly' | 'UpgradeRequired'
  | 'PreconditionRequired' | 'TooManyRequests' | 'RequestHeaderFieldsTooLarge' | 'UnavailableForLegalReasons'
  | 'InternalServerError' | 'NotImplemented' | 'BadGateway' | 'ServiceUnavailable' | 'GatewayTimeout'
  | 'HTTPVersionNotSupported' | 'VariantAlsoNegotiates' | 'InsufficientStorage' | 'LoopDetected' | 'BandwidthLimitExceeded'
  | 'NotExtended' | 'NetworkAuthenticationRequired'

/** The library http-errors: makes an HttpError of a status, a message or an error, and properties; holds the classes. */
export interface CreateHttpError extends Readonly<Record<ErrorName, HttpErrorConstructor>> {
  (...args: (number | string | object)[]): HttpError
  /** The classes by their status. */
  readonly [status: number]: HttpErrorConstructor
  readonly HttpError: HttpErrorClass
  isHttpError(error: unknown): error is HttpError
}

/**
 * Makes an HttpError: `createHttpError(404, 'no such order', { id })`, arguments as http-errors takes them.
 * @throws TypeError for an argument that is neither status, message, error nor properties
 */
// Its own types would have our users install @types/http-errors; they misspell the last of the names.
export const createHttpError = httpErrors as unknown as CreateHttpError

export const {
  /** The class of all HttpErrors, also of those that another copy of http-errors made. */
  HttpError,
  /** @returns whether `error` is an HttpError, of whichever copy of http-errors */
  isHttpError,
} = createHttpError

/**
 * Makes errors of another copy of http-errors count as `instanceof HttpError`, as Koa 3.3 does:
 * a middleware brings its own copy, and its users still ask `error instanceof HttpError`.
 */
Object.defineProperty(HttpError, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, error: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this as () => void, error)) return true
    return this === HttpError && looksLikeHttpError(error)
  },
})

function looksLikeHttpError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { expose, status, statusCode } = error as Partial<HttpError>
  return typeof expose === 'boolean' && typeof statusCode === 'number' && status === statusCode
}
