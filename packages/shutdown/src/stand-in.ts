/**
 * Gives an object an own property of that name for a while.
 * @returns takes it away again; undefined if the object does not take it, because it is frozen, say
 */
export function standIn(object: object, name: string, value: unknown): (() => void) | undefined {
  const own = Object.getOwnPropertyDescriptor(object, name)
  if (!Reflect.defineProperty(object, name, { value, configurable: true, writable: true })) return undefined
  return () => void (own === undefined ? Reflect.deleteProperty(object, name) : Reflect.defineProperty(object, name, own))
}
