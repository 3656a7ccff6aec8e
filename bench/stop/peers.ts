/** Who is stopped beside whom: file names below bench/stop/servers, and what the tables call them. */
export const peers: Record<string, string> = {
  ebb: 'Ebb, default options',
  bare: 'node:http, server.close()',
  'http-terminator': 'http-terminator',
  stoppable: 'stoppable',
  'http-graceful-shutdown': 'http-graceful-shutdown',
  terminus: '@godaddy/terminus',
  fastify: 'Fastify + close-with-grace',
  hono: 'Hono, server.close()',
}
