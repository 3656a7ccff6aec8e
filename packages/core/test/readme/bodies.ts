import { App } from '@ebbjs/core'

export const app = new App()

app.use(async (ctx) => {
  const order = await ctx.request.json({ limit: 10_000 }) // bytes; default 1 MiB
  if (!isOrder(order)) return ctx.throw(422, 'An order needs an item')
  ctx.status = 201
  ctx.body = { ordered: order.item }
})

function isOrder(value: unknown): value is { item: string } {
  return typeof value === 'object' && value !== null && 'item' in value && typeof value.item === 'string'
}
