import { createReadStream } from 'node:fs'
import closeWithGrace from 'close-with-grace'
import Fastify, { type RouteShorthandOptions } from 'fastify'
import { ready } from '../../child'
import { FILE, paths, TEXT, user } from '../workloads'

const workload = process.argv[2]
/** Compiles a serialiser: Fastify's fastest. */
function answering(properties: Record<string, object>): RouteShorthandOptions {
  return process.argv[3] === 'schema' ? { schema: { response: { 200: { type: 'object', properties } } } } : {}
}
const text = { type: 'string' }
const texts = { type: 'array', items: text }
const app = Fastify()
if (workload === 'W3') for (let i = 0; i < 5; i++) app.addHook('preHandler', async () => {})
for (const path of paths) {
  app.get(path, answering({ id: text, name: text, roles: texts }), (request, reply) => {
    if (workload === 'W5' && request.signal.aborted) return
    reply.send(user((request.params as Record<string, string>)['id'] as string))
  })
}
app.get('/text', (_request, reply) => {
  reply.send(TEXT)
})
app.post('/echo', answering({ id: { type: 'integer' }, name: text, tags: texts, note: text }), (request, reply) => {
  reply.send(request.body)
})
app.get('/file', (_request, reply) => {
  reply.type('text/plain; charset=utf-8').send(createReadStream(FILE))
})
ready(app.server)
if (workload === 'W6') closeWithGrace({}, () => app.close())
void app.listen({ port: 0 })
