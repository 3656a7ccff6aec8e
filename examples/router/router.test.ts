import { expect } from 'chai'
import { type Example, start } from '../start'

describe('examples/router', () => {
  let example: Example
  beforeEach(async () => {
    example = await start('router/server.ts')
  })
  afterEach(() => example.end())

  const get = (path: string, method = 'GET') => fetch(example.url + path, { method })

  it('gives each route its params, decoded', async () => {
    expect(await (await get('/v1/users/1')).json()).to.deep.equal({ id: '1', name: 'Ada' })
    expect(await (await get('/v1/files/a/b%20c')).json()).to.deep.equal({ path: ['a', 'b c'] })
    expect(await (await get('/v1/days/2026')).json()).to.deep.equal({ year: '2026', month: 'all' })
    expect(await (await get('/v1/days/2026-11')).json()).to.deep.equal({ year: '2026', month: '11' })
  })

  it('answers 404 for a user that is not there, and for a path without the prefix', async () => {
    const missing = await get('/v1/users/9')
    expect(missing.status).to.equal(404)
    expect(await missing.text()).to.equal('There is no user 9')
    expect((await get('/users/1')).status).to.equal(404)
  })

  it('answers 405 for a method that the path lacks, and OPTIONS with those that it has', async () => {
    const refused = await get('/v1/users/1', 'POST')
    expect(refused.status).to.equal(405)
    expect(refused.headers.get('Allow')).to.equal('HEAD, GET, DELETE')
    const options = await get('/v1/users/1', 'OPTIONS')
    expect(options.status).to.equal(200)
    expect(options.headers.get('Allow')).to.equal('HEAD, GET, DELETE')
  })

  it('ends on SIGTERM with code 0', async () => {
    example.kill('SIGTERM')
    expect(await example.exit).to.deep.equal({ code: 0, signal: null })
  })
})
