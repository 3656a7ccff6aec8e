import http from 'node:http'
import { expect } from 'chai'
import { App } from '@ebbjs/core'
import { Client, GET, serve } from './harness'

const head = 'POST / HTTP/1.1\r\nHost: ebb\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n'

describe('Expect: 100-continue', () => {
  it('gets 100 Continue when the body is read, whoever reads it', async () => {
    for (const read of ['request.text', 'for await', 'on data'] as const) {
      const app = new App().use(async (ctx) => {
        let text = ''
        if (read === 'request.text') text = await ctx.request.text()
        else if (read === 'for await') for await (const chunk of ctx.req) text += String(chunk)
        else await new Promise((resolve) => ctx.req.on('data', (chunk) => { text += String(chunk) }).on('end', resolve))
        ctx.body = text
      })
      const client = new Client(await serve(app)).send(head)
      await client.sees('HTTP/1.1 100 Continue\r\n\r\n')
      expect(client.text).not.to.contain('200')
      client.send('hello')
      expect(await client.sees('hello')).to.contain('Connection: keep-alive')
    }
  })

  it('gets no 100 from a handler that refuses the body, and the connection is closed', async () => {
    const app = new App().use(async (ctx) => { ctx.body = await ctx.request.text({ limit: 4 }) })
    app.silent = true
    const text = await new Client(await serve(app)).send(head).all()
    expect(text).to.match(/^HTTP\/1.1 413 /).and.to.contain('Connection: close').and.not.to.contain('100 Continue')
  })

  it('lets the connection go while the server stops', async () => {
    const app = new App().use(async (ctx) => { ctx.body = await ctx.request.text() })
    const client = new Client(await serve(app)).send(GET.replace('GET', 'HEAD'))
    await client.sees('200')
    app.beginStop({ cause: 'SIGTERM' })
    client.send(head)
    await client.sees('100 Continue')
    client.send('hello')
    expect(await client.all()).to.contain('Connection: close')
  })

  it('is left to a server that listens to checkContinue itself', async () => {
    const app = new App().use((ctx) => { ctx.body = 'ebb' })
    const server = http.createServer().on('checkContinue', (_req, res) => res.writeHead(417, { Connection: 'close' }).end())
    expect(await new Client(await serve(app, app.attach(server).listen(0))).send(head).all()).to.contain('417')
  })
})
