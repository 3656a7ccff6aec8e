import { type AddressInfo } from 'node:net'
import { App } from '@ebbjs/core'
import { gracefulShutdown } from '@ebbjs/shutdown'

const app = new App()
app.use((ctx) => {
  ctx.body = 'Hello\n'
})

// From here on SIGTERM and Ctrl-C end the process after its last answer.
gracefulShutdown(app)

const server = app.listen(Number(process.env['PORT'] ?? 3000), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}, stop it by Ctrl-C`)
})
