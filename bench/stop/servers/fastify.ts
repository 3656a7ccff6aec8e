import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import { user } from '../../servers/routes'
import { ready } from '../../child'
import { BIG } from './answer'

const app = Fastify()
app.get('/users/:id', (_request, reply) => {
  reply.send(user('42'))
})
app.get('/big', (_request, reply) => {
  reply.send(BIG)
})
ready(app.server)
closeWithGrace({ delay: 5_000 }, () => app.close())
void app.listen({ port: 0 })
