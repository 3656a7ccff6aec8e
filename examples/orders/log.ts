import { type Context, type Next } from '@ebbjs/core'

/** Prints each request when it comes, and when its response is closed: whole, or cut by the client or a stop. */
export function log(ctx: Context, next: Next): Promise<unknown> {
  const { req, res } = ctx
  console.log(`<-- ${req.method} ${req.url}`)
  res.once('close', () => {
    const end = res.writableFinished ? res.statusCode : 'cut'
    console.log(`--> ${req.method} ${req.url} ${end} ${Date.now() - ctx.startedAt} ms`)
  })
  return next()
}
