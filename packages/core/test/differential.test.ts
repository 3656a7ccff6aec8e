import { expect } from 'chai'
import { cases as bodies } from './differential/bodies'
import { cases as errors } from './differential/errors'
import { cases as requests } from './differential/requests'
import { cases as responses } from './differential/responses'
import { onEbb, onKoa } from './differential/run'

// The same app and the same bytes on npm's koa and on Ebb: status, headers, body and errors must be the same.
describe('as Koa 3 does', () => {
  for (const it_ of [...bodies, ...errors, ...requests, ...responses]) {
    it(it_.name, async () => {
      const [koa, ebb] = await Promise.all([onKoa(it_), onEbb(it_)])
      expect(ebb).to.deep.equal(koa)
    })
  }
})
