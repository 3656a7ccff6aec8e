import { executionAsyncResource } from 'node:async_hooks'
import { type Exchange, type Target } from '../target'

/**
 * The HTTP/1 request whose handler runs at this moment: until that handler first waits for something, and, in an App with
 * `asyncLocalStorage`, afterwards too. Node does not tell the streams of HTTP/2 apart. It costs a request nothing.
 *
 * Member: `socket` of the resource in which Node calls 'request' listeners (`executionAsyncResource()` is documented, its
 * HTTPServerAsyncResource is not; lib/internal/http.js, v20.20, v22.23, v24.21, v26.10).
 * Gain: a handler that awaits `stop()` is answered, instead of waiting for a stop that waits for it.
 * If Node changes: such a handler is answered 503 at the cut.
 */
export function callingRequest(targets: readonly Target[]): Exchange | undefined {
  const { socket } = executionAsyncResource() as { socket?: unknown }
  for (const target of targets) {
    const { currentContext } = target as Target & { currentContext?: Exchange }
    const exchanges = [...target.inflight].filter(({ req }) => req.httpVersionMajor < 2)
    const found = exchanges.find((exchange) => exchange === currentContext) ?? exchanges.findLast(({ req }) => socket !== undefined && req.socket === socket)
    if (found !== undefined) return found
  }
  return undefined
}
