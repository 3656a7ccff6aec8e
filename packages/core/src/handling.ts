import { type Composed, ENDED } from './compose'
import { type Context, lifetime } from './context'
import { reset } from './refuse'
import { respond } from './respond'
import { toError } from './thrown'

/** What `App.handleRequest` does. */
export function handle(ctx: Context, fn: Composed<Context>): Promise<void> {
  ctx.res.statusCode = 404
  const running = fn(ctx)
  if (running !== ENDED) return running.then(() => answer(ctx), (error: unknown) => fail(ctx, error))
  return answer(ctx) ?? ENDED
}

/**
 * Does what `handle` does, and marks the request as handled.
 * In one promise, where `runWith` takes two: 0.6k instructions less for a chain that waits (Node 20).
 */
export function run(ctx: Context, fn: Composed<Context>): Promise<void> {
  ctx.res.statusCode = 404
  const running = fn(ctx)
  if (running === ENDED) return conclude(ctx, answer) ?? ENDED
  return running.then(() => conclude(ctx, answer), (error: unknown) => conclude(ctx, fail, error))
}

/** @returns a promise if somebody's own `ctx.onerror` has */
function conclude(ctx: Context, how: (ctx: Context, error: unknown) => Promise<void> | undefined, error?: unknown): Promise<void> | undefined {
  try {
    const failing = how(ctx, error)
    if (failing !== undefined) return settle(ctx, Promise.resolve(failing))
  } catch (thrown) {
    lastResort(ctx, thrown)
  }
  ctx[lifetime].handled()
  return undefined
}

/** Has `handling`, which may be anybody's, answer the request, and marks it as handled. */
export function runWith(ctx: Context, handling: () => Promise<void>): Promise<void> {
  let answered: Promise<void>
  try {
    answered = handling()
  } catch (error) {
    answered = Promise.reject(error)
  }
  if (answered === ENDED) {
    ctx[lifetime].handled()
    return ENDED
  }
  return settle(ctx, Promise.resolve(answered)) // somebody's may return none
}

function settle(ctx: Context, answered: Promise<void>): Promise<void> {
  const life = ctx[lifetime]
  return answered.then(
    () => life.handled(),
    (error: unknown) => {
      lastResort(ctx, error)
      life.handled()
    },
  )
}

/** @returns what `ctx.onerror` does: nothing, or a promise if it is somebody's own */
function answer(ctx: Context): Promise<void> | undefined {
  try {
    respond(ctx)
    return undefined
  } catch (error) {
    return fail(ctx, error)
  }
}

function fail(ctx: Context, error: unknown): Promise<void> | undefined {
  return ctx.onerror(error ?? toError(error)) as Promise<void> | undefined
}

/** `ctx.onerror` itself has failed, an override of it or of `handleRequest`: the client must not wait for ever. */
function lastResort(ctx: Context, error: unknown): void {
  console.error(toError(error))
  const { res } = ctx
  if (res.headersSent) {
    if (!res.writableEnded) reset(res)
    return
  }
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  ctx.response.forgetBody()
  res.statusCode = 500
  res.statusMessage = 'Internal Server Error'
  res.end()
}
