/** What every server answers at once, and what it never does. */
export const QUICK = '/quick'
export const HELD = '/held'
export const ANSWER = { hello: 'world' }

const held: (() => void)[] = []

/** A handler that waits, as for a slow database: what would wake it is held, and so all that waits for it. */
export const never = (): Promise<void> => new Promise((resolve) => {
  held.push(resolve)
})
