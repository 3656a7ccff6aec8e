import { expect } from 'chai'
import { Log } from '../src/log'

describe('the log', () => {
  it('gives a function the line and its fields', () => {
    const lines: unknown[] = []
    new Log((line, fields) => lines.push([line, fields])).info('draining', { reason: 'SIGTERM' })
    expect(lines).to.deep.equal([['[shutdown] draining', { reason: 'SIGTERM' }]])
  })

  it('gives a pino-like object the fields first, by level', () => {
    const lines: unknown[] = []
    const log = new Log({ info: (...args) => lines.push(['info', ...args]), error: (...args) => lines.push(['error', ...args]) })
    log.info('draining')
    log.error('failed', { n: 1 })
    expect(lines).to.deep.equal([['info', {}, 'draining'], ['error', { n: 1 }, 'failed']])
  })

  it('is silent when it is false, and stops nothing when the logger throws', () => {
    new Log(false).info('draining')
    new Log(() => {
      throw new Error('disk full')
    }).error('draining')
  })
})
