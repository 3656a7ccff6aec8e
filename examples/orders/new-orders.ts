import { on } from 'node:events'
import { type Context } from '@ebbjs/core'
import { type Order } from './order'
import { type Orders } from './orders'

/**
 * New orders as server-sent events, until the client leaves or the server drains: then the last event says why, and
 * when (ms) to come back. Begins with those after the client's last one (`Last-Event-ID`, or `after` in the query).
 * Source: HTML Living Standard §9.2 (server-sent events).
 */
export async function* newOrders(ctx: Context, orders: Orders): AsyncGenerator<string> {
  const lastSeen = Number(ctx.get('Last-Event-ID') || ctx.query['after'] || NaN)
  yield ': new orders\n\n' // sends the head now, not with the first order
  try {
    // Listens before it looks back, so that no order falls between.
    const arriving = on(orders, 'order', { signal: AbortSignal.any([ctx.signal, ctx.stopping]) }) as AsyncIterable<[Order]>
    for (const order of Number.isNaN(lastSeen) ? [] : orders.after(lastSeen)) yield event('order', order, order.id)
    for await (const [order] of arriving) yield event('order', order, order.id)
  } catch (error) {
    if (!ctx.stopping.aborted) throw error
    // Not all at the same moment: the process that comes next has just started.
    yield `retry: ${Math.round(1_000 + Math.random() * 1_000)}\n` + event('stopping', { reason: (ctx.stopping.reason as Error).cause })
  }
}

function event(name: string, data: object, id?: number): string {
  return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}
