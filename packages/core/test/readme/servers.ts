import http2 from 'node:http2'
import { readFileSync } from 'node:fs'
import { App } from '@ebbjs/core'

export const app = new App()

app.use((ctx) => {
  ctx.body = `HTTP/${ctx.req.httpVersion}`
})

export function serve(key: string, cert: string): void {
  app.listen(8080)
  const secure = http2.createSecureServer({ key: readFileSync(key), cert: readFileSync(cert), allowHTTP1: true })
  app.attach(secure).listen(8443)
}
