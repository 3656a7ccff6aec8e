import { isDeepStrictEqual } from 'node:util'
import { createHttpError } from './http-error'

type Rest = [status?: number, message?: string, properties?: Record<string, unknown>]

/** `ctx.assert`: each form throws an HttpError of `status` (default 500) unless what it asserts holds. */
export interface HttpAssert {
  (value: unknown, ...rest: Rest): asserts value
  ok(value: unknown, ...rest: Rest): asserts value
  fail(...rest: Rest): never
  equal(a: unknown, b: unknown, ...rest: Rest): void
  notEqual(a: unknown, b: unknown, ...rest: Rest): void
  strictEqual(a: unknown, b: unknown, ...rest: Rest): void
  notStrictEqual(a: unknown, b: unknown, ...rest: Rest): void
  deepEqual(a: unknown, b: unknown, ...rest: Rest): void
  notDeepEqual(a: unknown, b: unknown, ...rest: Rest): void
}

function check(value: unknown, ...rest: Rest): asserts value {
  if (!value) throw createHttpError(...(rest as createHttpError.UnknownError[]))
}

export const httpAssert: HttpAssert = Object.assign(check, {
  ok: check,
  fail: (...rest: Rest): never => {
    throw createHttpError(...(rest as createHttpError.UnknownError[]))
  },
  equal: (a: unknown, b: unknown, ...rest: Rest) => check(a == b, ...rest),
  notEqual: (a: unknown, b: unknown, ...rest: Rest) => check(a != b, ...rest),
  strictEqual: (a: unknown, b: unknown, ...rest: Rest) => check(a === b, ...rest),
  notStrictEqual: (a: unknown, b: unknown, ...rest: Rest) => check(a !== b, ...rest),
  deepEqual: (a: unknown, b: unknown, ...rest: Rest) => check(isDeepStrictEqual(a, b), ...rest),
  notDeepEqual: (a: unknown, b: unknown, ...rest: Rest) => check(!isDeepStrictEqual(a, b), ...rest),
})
