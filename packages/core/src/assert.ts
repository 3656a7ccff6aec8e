import { createHttpError } from './http-error'
import { lazy } from './lazy'

const assert = lazy<typeof import('node:assert')>(() => require('node:assert'))

type Rest = [status?: number, message?: string, properties?: Record<string, unknown>]

/**
 * `ctx.assert`: each form throws an HttpError of `status` (default 500) unless what it asserts holds.
 * No `asserts value`: TypeScript would then refuse it on a ctx whose type is inferred (TS2775).
 */
export interface HttpAssert {
  (value: unknown, ...rest: Rest): void
  ok(value: unknown, ...rest: Rest): void
  fail(...rest: Rest): never
  equal(a: unknown, b: unknown, ...rest: Rest): void
  notEqual(a: unknown, b: unknown, ...rest: Rest): void
  strictEqual(a: unknown, b: unknown, ...rest: Rest): void
  notStrictEqual(a: unknown, b: unknown, ...rest: Rest): void
  deepEqual(a: unknown, b: unknown, ...rest: Rest): void
  notDeepEqual(a: unknown, b: unknown, ...rest: Rest): void
}

function check(value: unknown, ...rest: Rest): void {
  if (!value) throw createHttpError(...(rest as (number | string | object)[]))
}

export const httpAssert: HttpAssert = Object.assign(check, {
  ok: check,
  fail: (...rest: Rest): never => {
    throw createHttpError(...(rest as (number | string | object)[]))
  },
  equal: (a: unknown, b: unknown, ...rest: Rest) => check(a == b, ...rest),
  notEqual: (a: unknown, b: unknown, ...rest: Rest) => check(a != b, ...rest),
  strictEqual: (a: unknown, b: unknown, ...rest: Rest) => check(a === b, ...rest),
  notStrictEqual: (a: unknown, b: unknown, ...rest: Rest) => check(a !== b, ...rest),
  deepEqual: (a: unknown, b: unknown, ...rest: Rest) => check(equalDeep(a, b), ...rest),
  notDeepEqual: (a: unknown, b: unknown, ...rest: Rest) => check(!equalDeep(a, b), ...rest),
})

/** As loosely as Koa's http-assert: `1` equals `'1'`. */
function equalDeep(a: unknown, b: unknown): boolean {
  try {
    assert().deepEqual(a, b, 'differs') // with a message of its own it makes no diff
    return true
  } catch {
    return false
  }
}
