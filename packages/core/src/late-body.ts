/** A call of next() that nothing waits for, as far as the text of a function tells. */
const FORGOTTEN = /(?<!\b(?:await|return|yield|void)\s+|=>\s*|[(,=?:]\s*)\bnext\(\)(?!\s*\.)/

/** What to say when `ctx.body` was set after the response was sent, naming the middleware that seems to be the cause. */
export function describeLateBody(middleware: readonly ((...args: never[]) => unknown)[]): string {
  const suspects = middleware.filter((fn) => FORGOTTEN.test(String(fn))).map(nameOf)
  const cause = suspects.length > 0 ? `${suspects.join(', ')} calls next() without await` : 'a middleware calls next() without await'
  return `ctx.body was set after the response was sent, and is lost: ${cause}`
}

function nameOf(fn: (...args: never[]) => unknown): string {
  return fn.name ? `middleware ${fn.name}` : `the middleware ${String(fn).replaceAll(/\s+/g, ' ').slice(0, 60)}…`
}
