import cluster, { type Worker } from 'node:cluster'

interface ClusterMessage {
  cmd?: unknown
  act?: unknown
}

/**
 * Has a stop run where node:cluster would close a worker's servers: on `worker.disconnect()` of the primary or of the worker
 * itself. Node's own way calls `server.close()`, whose sweep of idle connections loses the requests that are on their way.
 *
 * Of the worker, `disconnect` is a method of its own object from now on. The primary's comes as a message with
 * `act: 'disconnect'` on 'internalMessage', which Node does not document (lib/internal/cluster/child.js, onmessage,
 * v20.20, v22.23, v24.21, v26.10): a listener before Node's takes it away. If Node changes that, it disconnects as it does
 * without us.
 * @param stop - runs the stop; the worker disconnects when it has ended
 * @returns takes both back
 */
export function onClusterDisconnect(stop: () => Promise<unknown>): () => void {
  const { worker } = cluster
  if (worker === undefined) return () => {}
  let stopping = false
  const leave = (): void => {
    if (stopping) return
    stopping = true
    void stop().finally(() => {
      if (worker.isConnected()) disconnect.call(worker)
    })
  }
  const { disconnect } = Object.getPrototypeOf(worker) as Worker
  worker.disconnect = function (this: Worker) {
    leave()
    return this
  }
  const intercept = (message: ClusterMessage): void => {
    if (message.cmd !== 'NODE_CLUSTER' || message.act !== 'disconnect') return
    message.act = 'disconnect when stopped'
    leave()
  }
  process.prependListener('internalMessage' as 'message', intercept as (message: unknown) => void)
  return () => {
    Reflect.deleteProperty(worker, 'disconnect')
    process.off('internalMessage', intercept)
  }
}
