import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Server } from './connections'

/**
 * Sends 100 Continue when the body of a request is first read, not before: a client that asks (`Expect`, RFC 9110
 * §10.1.1) then sends no body to a handler that refuses it. Not on HTTP/2, nor where 'checkContinue' is listened to.
 * @param stopping - whether connections are let go after their responses
 */
export function continueWhenRead(server: Server, stopping: () => boolean): void {
  if ('updateSettings' in server) return // HTTP/2
  if (server.listenerCount('checkContinue') > 0) return
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    // The body may never come, and what comes instead must not be taken for it.
    res.shouldKeepAlive = false
    req.on('newListener', function onReader(event: string) {
      if (event !== 'data' && event !== 'readable') return
      req.off('newListener', onReader)
      if (res.headersSent) return
      if (!stopping()) res.shouldKeepAlive = true
      res.writeContinue()
    })
    server.emit('request', req, res)
  })
}
