import { inspect } from 'node:util'

/** What was thrown, in words: it may be anything, also what cannot be shown. */
export function messageOf(thrown: unknown): string {
  return words(() => (thrown instanceof Error ? String(thrown.message) : inspect(thrown)))
}

/** The same with its stack. */
export function shown(thrown: unknown): string {
  return words(() => inspect(thrown))
}

function words(say: () => string): string {
  try {
    return say()
  } catch {
    return 'something that cannot be shown was thrown'
  }
}
