import { createServer } from 'node:http'
import gracefulShutdown from 'http-graceful-shutdown'
import { ready } from '../../child'
import { answer } from './answer'

const server = createServer(answer)
ready(server)
server.listen(0)
gracefulShutdown(server, { timeout: 5_000 })
