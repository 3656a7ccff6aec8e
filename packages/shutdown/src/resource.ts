import { inspect } from 'node:util'

/** What closes a resource, best first: pools and clients have `end` or `quit` beside a harsher `disconnect` or `destroy`. */
const METHODS: readonly PropertyKey[] = [Symbol.asyncDispose, 'end', 'quit', 'disconnect', 'close', 'destroy']

/**
 * @returns a function that closes `resource` by the first of these methods that it has
 * @throws TypeError if it has none
 */
export function closerOf(resource: object): () => unknown {
  const methods = resource as Record<PropertyKey, unknown> | null | undefined
  const method = METHODS.find((key) => typeof methods?.[key] === 'function')
  if (method === undefined) {
    throw new TypeError(`Cannot add ${inspect(resource)}: it must have one of Symbol.asyncDispose, end, quit, disconnect, close, destroy`)
  }
  return () => (methods as Record<PropertyKey, () => unknown>)[method]?.()
}
