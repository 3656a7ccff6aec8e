import { createServer } from 'node:http'
import stoppable from 'stoppable'
import { ready } from '../../child'
import { answer } from './answer'

const server = stoppable(createServer(answer), 5_000)
ready(server)
server.listen(0)
process.on('SIGTERM', () => server.stop(() => process.exit()))
