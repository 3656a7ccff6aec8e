import { type Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { user } from '../../servers/routes'
import { ready } from '../../child'
import { BIG } from './answer'

// What Hono's documentation for Node.js says of stopping: server.close().
const app = new Hono()
app.get('/users/:id', (c) => c.json(user('42')))
app.get('/big', (c) => c.body(BIG as unknown as ArrayBuffer))
const server = createAdaptorServer({ fetch: app.fetch }) as Server
ready(server)
server.listen(0)
process.on('SIGTERM', () => server.close(() => process.exit()))
