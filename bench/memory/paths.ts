/** What every server answers at once, and what it never does. */
export const QUICK = '/quick'
export const HELD = '/held'
export const ANSWER = { hello: 'world' }

/** A handler that waits, as for a slow database; its promises are garbage's once nothing else holds them. */
export const never = (): Promise<never> => new Promise(() => {})
