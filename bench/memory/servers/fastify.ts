import Fastify from 'fastify'
import { ready } from '../../child'
import { ANSWER, HELD, never, QUICK } from '../paths'

const app = Fastify()
app.get(QUICK, (_request, reply) => {
  reply.send(ANSWER)
})
app.get(HELD, never)
ready(app.server)
void app.listen({ port: 0 })
