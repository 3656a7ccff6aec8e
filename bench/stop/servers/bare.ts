import { createServer } from 'node:http'
import { ready } from '../../child'
import { answer } from './answer'

const server = createServer(answer)
ready(server)
server.listen(0)
process.on('SIGTERM', () => server.close(() => process.exit()))
