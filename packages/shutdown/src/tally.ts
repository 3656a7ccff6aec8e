import { type ServerResponse } from 'node:http'
import { type Http2ServerResponse } from 'node:http2'
import { type Blocker, blockerOf, type ShutdownReport } from './report'
import { type Exchange } from './target'

/** Counts what became of the requests of a stop. A client that leaves counts nowhere: its request is not stuck. */
export class Tally {
  readonly blockers: Blocker[] = []
  readonly #aborted = new Set<ServerResponse>()
  readonly #cut = new Set<ServerResponse>()
  #finished = 0

  /** A request in flight or newly arrived, whose response is open. */
  watch(res: ServerResponse): void {
    res.once('close', () => {
      if (isComplete(res) && !this.#aborted.has(res) && !this.#cut.has(res)) this.#finished++
    })
  }

  abort(exchange: Exchange): void {
    if (this.#aborted.has(exchange.res)) return
    this.#aborted.add(exchange.res)
    exchange.abort()
  }

  cut(exchange: Exchange): void {
    this.#aborted.delete(exchange.res)
    this.#cut.add(exchange.res)
    this.blockers.push(blockerOf(exchange))
  }

  get counts(): ShutdownReport['requests'] {
    return { finished: this.#finished, aborted: this.#aborted.size, cut: this.#cut.size }
  }
}

/** HTTP/2's compat response has no `writableFinished`: its stream tells. */
export function isComplete(res: ServerResponse): boolean {
  const { stream } = res as unknown as Partial<Http2ServerResponse>
  return stream === undefined ? res.writableFinished : res.writableEnded && stream.rstCode === 0
}
