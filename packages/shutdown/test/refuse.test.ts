import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { expect } from 'chai'
import { refuse } from '../src/refuse'
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
})
