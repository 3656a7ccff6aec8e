/** Files below bench/http/servers with their arguments, and what the tables call them. */
export const peers: Record<string, { title: string; file: string; args?: string[]; only?: string[] }> = {
  bare: { title: 'bare node:http', file: 'bare' },
  ebb: { title: 'Ebb, router and shutdown installed', file: 'ebb' },
  'ebb-alone': { title: 'Ebb, router; no shutdown, no registry', file: 'ebb', args: ['alone'], only: ['W1', 'W2', 'W5'] },
  fastify: { title: 'Fastify 5', file: 'fastify' },
  'fastify-schema': { title: 'Fastify 5, response schema', file: 'fastify', args: ['schema'], only: ['W2', 'W3', 'W4', 'W5', 'W6'] },
  hono: { title: 'Hono, @hono/node-server', file: 'hono' },
  polka: { title: 'polka', file: 'polka' },
  h3: { title: 'h3', file: 'h3' },
  koa: { title: 'Koa 3, @koa/router', file: 'koa' },
  express: { title: 'Express 5', file: 'express' },
}
