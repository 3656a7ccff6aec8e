/** Loads a module when it is first needed: a server that never needs it starts without it. */
export function lazy<T>(load: () => T): () => T {
  let loaded: T | undefined
  return () => (loaded ??= load())
}
