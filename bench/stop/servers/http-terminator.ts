import { createServer } from 'node:http'
import { createHttpTerminator } from 'http-terminator'
import { ready } from '../../child'
import { answer } from './answer'

const server = createServer(answer)
ready(server)
server.listen(0)
const terminator = createHttpTerminator({ server })
process.on('SIGTERM', () => void terminator.terminate().then(() => process.exit()))
