import { once } from 'node:events'
import { createServer } from 'node:http'
import http2, { type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo } from 'node:net'
import { expect } from 'chai'
import { Http2Exchange } from '../src/http2-exchange'
import { refuse, resetStream } from '../src/refuse'
import { Client } from './client'

describe('refuse', () => {
  afterEach(() => Client.closeAll())

  it('answers 503 problem+json that tells to come back on another connection, and drops what was set before', async () => {
    const server = createServer((_, res) => {
      res.setHeader('Content-Encoding', 'gzip')
      res.setHeader('Transfer-Encoding', 'chunked')
      void refuse(res, new Error('The server is stopping (SIGTERM)'))
    }).listen(0)
    await once(server, 'listening')
    const client = await Client.connect((server.address() as AddressInfo).port)
    const { status, headers, body } = await client.get('/').answer()
    server.close()
    expect(status).to.equal(503)
    expect(headers).to.include({ 'content-type': 'application/problem+json', 'retry-after': '1', connection: 'close' })
    expect(headers).not.to.have.any.keys('content-encoding', 'transfer-encoding')
    expect(JSON.parse(body)).to.deep.equal({
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      detail: 'The server is stopping (SIGTERM)',
    })
  })

  describe('a stream of HTTP/2 without compat layer', () => {
    const server = http2.createServer()
    let client: http2.ClientHttp2Session
    before(async () => {
      await once(server.listen(0, '127.0.0.1'), 'listening')
      client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
    after(() => {
      client.close()
      server.close()
    })

    async function request(headers: http2.OutgoingHttpHeaders) {
      const arrived = once(server, 'stream')
      const request = client.request(headers)
      const [stream, received] = (await arrived) as [ServerHttp2Stream, http2.IncomingHttpHeaders]
      return { request, stream, res: new Http2Exchange(stream, received).res }
    }

    for (const method of ['GET', 'HEAD', 'POST']) {
      it(`is answered 503 and closed (${method})`, async () => {
        const { request: asked, stream, res } = await request({ ':path': '/', ':method': method }) // the POST's upload never ends
        const closed = once(stream, 'close')
        const answered = once(asked, 'response')
        await refuse(res, new Error('The server is stopping (SIGTERM)'))
        const [headers] = (await answered) as [http2.IncomingHttpHeaders]
        expect(headers).to.include({ ':status': 503, 'content-type': 'application/problem+json', 'retry-after': '1' })
        let body = ''
        for await (const chunk of asked) body += String(chunk)
        if (method !== 'HEAD') expect((JSON.parse(body) as { detail: string }).detail).to.equal('The server is stopping (SIGTERM)')
        await closed
        expect([stream.rstCode, asked.rstCode]).to.deep.equal([0, 0])
      })
    }

    it('is left alone once it is closed', async () => {
      const { request: asked, stream, res } = await request({ ':path': '/' })
      const closed = once(stream, 'close')
      asked.close()
      await closed
      await refuse(res, new Error('late'))
      await resetStream(res)
      expect(stream.headersSent).to.equal(false)
    })

    it('whose answer is whole is closed without an error, though its upload goes on', async () => {
      const { request: asked, stream, res } = await request({ ':path': '/', ':method': 'POST' })
      stream.on('data', () => {})
      stream.respond()
      stream.end('whole')
      let body = ''
      for await (const chunk of asked) body += String(chunk)
      await resetStream(res)
      expect([body, asked.rstCode]).to.deep.equal(['whole', 0])
    })
  })
})
