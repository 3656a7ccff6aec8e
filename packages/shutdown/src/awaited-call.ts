import { now, settledBy } from './clock'

/** How the last parameter is named by those that take a callback. */
const CALLBACK = /^_?(cb|callback|done|fn|func|next)_?$/i
/** How long (ms) the event 'close' is waited for where nothing tells whether it will come. */
const CLOSE_GRACE = 100

/** An EventEmitter, as far as it is asked. */
interface Emitter {
  once(event: string, listener: (...args: unknown[]) => void): unknown
  off(event: string, listener: (...args: unknown[]) => void): unknown
}

/** @returns the property, or undefined where to read it fails: a getter of what is not yet connected may throw */
export function read(resource: object, key: PropertyKey): unknown {
  try {
    return (resource as Readonly<Record<PropertyKey, unknown>>)[key]
  } catch {
    return undefined
  }
}

export function has(resource: object, ...methods: readonly PropertyKey[]): boolean {
  return methods.every((key) => typeof read(resource, key) === 'function')
}

/**
 * Calls the method once, and settles when it has done its work: by its promise, else by its callback or the event
 * 'close', whichever comes first. What gives none of them, and emits events, gets a short time for its 'close'.
 */
export async function awaitedCall(resource: object, method: PropertyKey): Promise<void> {
  const fn = read(resource, method) as (...args: unknown[]) => unknown
  const at = callbackPosition(fn)
  let called: (error?: unknown) => void = () => {}
  const done = new Promise<void>((resolve, reject) => {
    called = (error) => (error instanceof Error ? reject(error) : resolve())
  })
  done.catch(() => {}) // what gives a promise, too, rejects that
  let onClose = (): void => {}
  const closed = new Promise<void>((resolve) => (onClose = resolve))
  const emitter = emitterOf(resource)
  emitter?.once('close', onClose)
  try {
    const result = Reflect.apply(fn, resource, at === undefined ? [] : [...Array<undefined>(at), called])
    if (isThenable(result)) await result
    else if (at !== undefined) await Promise.race([done, closed])
    else if (emitter !== undefined && method !== 'destroy') await settledBy(closed, now() + CLOSE_GRACE)
  } finally {
    emitter?.off('close', onClose)
  }
}

/** Resolves at the first of these events, rejects at 'error'. */
export function firstOf(resource: object, events: readonly string[]): Promise<void> {
  const emitter = emitterOf(resource)
  return new Promise((resolve, reject) => {
    emitter?.once('error', reject)
    for (const event of events) emitter?.once(event, () => resolve())
  })
}

/** @returns the place of the parameter that is a callback by its name; minified and bound functions do not tell */
function callbackPosition(fn: object): number | undefined {
  const params = /^[^(]*\(([^)]*)\)/.exec(Function.prototype.toString.call(fn))?.[1]?.split(',') ?? []
  const last = params.at(-1)?.split('=', 1)[0]?.trim() ?? ''
  return CALLBACK.test(last) ? params.length - 1 : undefined
}

function emitterOf(resource: object): Emitter | undefined {
  return has(resource, 'once', 'off') ? (resource as Emitter) : undefined
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && has(value, 'then')
}
