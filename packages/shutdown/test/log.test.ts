import { expect } from 'chai'
import { Log, printableWord } from '../src/log'

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

  it('lets no text forge a line or move the terminal', () => {
    const lines: string[] = []
    const log = new Log((line) => void lines.push(line))
    log.error('failed: Error: no\n[shutdown] stopped, clean\x1b[2J\u202e')
    log.info(printableWord('/a\n\tb\x7f'))
    expect(lines).to.deep.equal(['[shutdown] failed: Error: no\n    [shutdown] stopped, clean\\x1b[2J\\u202e', '[shutdown] /a\\n\\x09b\\x7f'])
  })

  it('drops what its own logger logs, instead of calling itself for ever', () => {
    let lines = 0
    const log: Log = new Log(() => {
      lines++
      log.info('again')
    })
    log.info('first')
    expect(lines).to.equal(1)
  })
})
