import { expect } from 'chai'
import { cases as bodies } from './differential/bodies'
import { cases as errors } from './differential/errors'
import { cases as requests } from './differential/requests'
import { cases as responses } from './differential/responses'
import { onEbb, onEbbHttp2, onKoa, onKoaHttp2 } from './differential/run'

// The same app and the same bytes on npm's koa and on Ebb: status, headers, body and errors must be the same.
describe('as Koa 3 does', () => {
  for (const it_ of [...bodies, ...errors, ...requests, ...responses]) {
    it(it_.name, async () => {
      const [koa, ebb] = await Promise.all([onKoa(it_), onEbb(it_)])
      expect(ebb).to.deep.equal(koa)
    })
  }
})

describe('as Koa 3 does, over HTTP/2', () => {
  // Koa takes a HEAD for answered, and writes the body of an error of status 204 after the end.
  const over2 = [...bodies, ...errors].filter(({ name, method }) => method !== 'HEAD' && name !== 'error: status 204')
  for (const it_ of over2) {
    it(it_.name, async () => {
      const [koa, ebb] = await Promise.all([onKoaHttp2(it_), onEbbHttp2(it_)])
      expect(ebb).to.deep.equal(koa)
    })
  }
})
