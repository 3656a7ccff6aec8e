import { EventEmitter } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import Database from 'libsql'
import { type NewOrder, type Order } from './order'

const COLUMNS = 'id, item, quantity, created_at AS createdAt'
/** In how many steps a report is made. */
const STEPS = 20

interface Counts {
  orders: number
  pieces: number
}

/** What `report` gives; `took` in ms. */
export interface Report extends Counts {
  took: number
}

/** The orders, in an SQLite file. Emits 'order' with each new one once it is on disk. */
export class Orders extends EventEmitter<{ order: [Order] }> {
  readonly #db: Database.Database

  constructor(file: string) {
    super()
    this.setMaxListeners(0) // one a stream of events
    this.#db = new Database(file)
    this.#db.exec(`CREATE TABLE IF NOT EXISTS orders (
      id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL, quantity INTEGER NOT NULL, created_at TEXT NOT NULL
    ) STRICT`)
  }

  add({ item, quantity }: NewOrder): Order {
    const values = [item, quantity, new Date().toISOString()]
    const [order] = this.#all<Order>(`INSERT INTO orders (item, quantity, created_at) VALUES (?, ?, ?) RETURNING ${COLUMNS}`, values)
    this.emit('order', order as Order)
    return order as Order
  }

  get(id: number): Order | undefined {
    return this.#all<Order>(`SELECT ${COLUMNS} FROM orders WHERE id = ?`, [id])[0]
  }

  /** The newest 100, newest first. */
  latest(): Order[] {
    return this.#all(`SELECT ${COLUMNS} FROM orders ORDER BY id DESC LIMIT 100`)
  }

  /** Those that came after order `id`, oldest first. */
  after(id: number): Order[] {
    return this.#all(`SELECT ${COLUMNS} FROM orders WHERE id > ? ORDER BY id`, [id])
  }

  /**
   * A slow query: counts the orders step by step, over `ms`.
   * libsql is synchronous: a query stops the event loop, and no signal reaches it. Long work is cut into short queries
   * with a pause between them, where others get their turn and the signal is heard.
   */
  async report(ms: number, signal: AbortSignal): Promise<Report> {
    const started = performance.now()
    const [{ last } = { last: 0 }] = this.#all<{ last: number }>('SELECT coalesce(max(id), 0) AS last FROM orders')
    let orders = 0
    let pieces = 0
    for (let step = 0; step < STEPS; step++) {
      await setTimeout(ms / STEPS, undefined, { signal })
      const range = [Math.floor((last * step) / STEPS), Math.floor((last * (step + 1)) / STEPS)]
      const [part] = this.#all<Counts>('SELECT count(*) AS orders, coalesce(sum(quantity), 0) AS pieces FROM orders WHERE id > ? AND id <= ?', range)
      orders += part?.orders ?? 0
      pieces += part?.pieces ?? 0
    }
    return { orders, pieces, took: Math.round(performance.now() - started) }
  }

  /** Closes the file; from then on every query throws. */
  close(): void {
    this.#db.close()
  }

  // Prepared anew each time: in libsql 0.5 a statement made earlier still works on a closed database.
  #all<Row>(sql: string, values: unknown[] = []): Row[] {
    return this.#db.prepare(sql).all(...values) as Row[] // the columns are named in `sql`
  }
}
