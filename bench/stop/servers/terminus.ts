import { createServer } from 'node:http'
import { createTerminus } from '@godaddy/terminus'
import { ready } from '../../child'
import { answer } from './answer'

const server = createServer(answer)
ready(server)
createTerminus(server, { timeout: 5_000, signal: 'SIGTERM' })
server.listen(0)
