import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { PlainTarget } from '../src/plain-target'
import { identityOf, isStoppable, targetsOf } from '../src/target'

describe('targets', () => {
  it('are an App as it is, and a record of any server of Node', () => {
    const app = new App()
    const [server, tcp] = [createServer(), createTcpServer()]
    const targets = targetsOf([app, server, [tcp] as never, { server: createServer() }])
    expect(targets[0]).to.equal(app)
    expect(targets.slice(1).every((target) => target instanceof PlainTarget)).to.equal(true)
    expect(targets.slice(0, 3).map(identityOf)).to.deep.equal([app, server, tcp])
  })

  it('tell what can be stopped from what cannot', () => {
    expect([new App(), createServer(), { server: createServer() }].map(isStoppable)).to.deep.equal([true, true, true])
    expect([null, undefined, {}, () => {}, { server: {} }, { close() {} }].map(isStoppable)).to.deep.equal(Array(6).fill(false))
  })
})
