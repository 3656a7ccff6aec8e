import { type ServerResponse } from 'node:http'
import { type ServerHttp2Stream } from 'node:http2'
import { streamOf } from './http2-exchange'
import { type Blocker, blockerOf, type ShutdownReport } from './report'
import { type Exchange } from './target'

/** Counts what became of the requests of a stop. A client that leaves counts nowhere: its request is not stuck. */
export class Tally {
  readonly blockers: Blocker[] = []
  readonly #watched = new WeakSet<Answer>()
  readonly #aborted = new Set<Answer>()
  readonly #cut = new Set<Answer>()
  #finished = 0

  /** A request in flight or newly arrived, whose response is open; of HTTP/2 it may come more than once. */
  watch(res: Answer): void {
    const answer = answerOf(res)
    if (this.#watched.has(answer)) return
    this.#watched.add(answer)
    answer.once('close', () => {
      if (isComplete(answer) && !this.#aborted.has(answer) && !this.#cut.has(answer)) this.#finished++
    })
  }

  abort(exchange: Exchange): void {
    const answer = answerOf(exchange.res)
    if (this.#aborted.has(answer)) return
    this.#aborted.add(answer)
    exchange.abort()
  }

  cut(exchange: Exchange): void {
    const answer = answerOf(exchange.res)
    this.#aborted.delete(answer)
    this.#cut.add(answer)
    this.blockers.push(blockerOf(exchange))
  }

  get counts(): ShutdownReport['requests'] {
    return { finished: this.#finished, aborted: this.#aborted.size, cut: this.#cut.size }
  }
}

/** What tells how a response ends: of HTTP/2 its stream, whatever has been made of it. */
type Answer = ServerResponse | ServerHttp2Stream

function answerOf(res: Answer): Answer {
  return streamOf(res) ?? res
}

/** Whether all of a closed response went out. */
export function isComplete(res: Answer): boolean {
  const answer = answerOf(res)
  if (!('rstCode' in answer)) return answer.writableFinished
  return answer.headersSent && answer.writableEnded && answer.rstCode === 0 && !answer.aborted
}
