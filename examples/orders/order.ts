import { inspect } from 'node:util'
import { createHttpError } from '@ebbjs/core'

/** What a client asks for. */
export interface NewOrder {
  item: string
  quantity: number
}

/** What is stored; `createdAt` is ISO 8601. */
export interface Order extends NewOrder {
  id: number
  createdAt: string
}

/**
 * Checks what a client sent; other fields are ignored.
 * @throws HttpError 422 that names the field, its value and the rule
 */
export function checkOrder(value: unknown): NewOrder {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('the body', value, 'a JSON object')
  const { item, quantity } = value as { item?: unknown; quantity?: unknown }
  if (typeof item !== 'string' || item.trim() === '' || item.length > 100) throw wrong('item', item, 'a text of 1 to 100 characters')
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > 1_000) {
    throw wrong('quantity', quantity, 'a whole number from 1 to 1000')
  }
  return { item: item.trim(), quantity }
}

function wrong(field: string, value: unknown, rule: string): Error {
  const shown = inspect(value, { depth: 0, maxStringLength: 40, maxArrayLength: 3, breakLength: Infinity })
  return createHttpError(422, `Cannot store the order: ${field} is ${shown}, it must be ${rule}`)
}
