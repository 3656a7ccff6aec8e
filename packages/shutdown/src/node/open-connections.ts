import { type Server, Socket } from 'node:net'

interface ConnectionsList {
  all(): { readonly socket?: unknown }[]
}

/**
 * All connections of an http or https server on which HTTP is spoken, also those from before somebody listened to it.
 * None of a server that never listened itself, or that speaks something else.
 *
 * Member: the server's symbol property 'http.server.connections', a list of parsers, undocumented
 * (lib/_http_server.js, closeAllConnections, which can only destroy them; v20.20, v22.23, v24.21, v26.10).
 * Gain: connections that are older than `gracefulShutdown(server)` end with the stop.
 * If Node changes: they are left open, as they were before, until the process exits.
 */
export function openConnections(server: Server): Socket[] {
  const symbol = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'http.server.connections')
  if (symbol === undefined) return []
  const list = (server as unknown as Record<symbol, Partial<ConnectionsList> | undefined>)[symbol]
  if (typeof list?.all !== 'function') return []
  return list.all().flatMap(({ socket }) => (socket instanceof Socket ? [socket] : []))
}
