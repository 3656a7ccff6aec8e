import { createServer } from 'node:http'
import { expect } from 'chai'
import { gracefulShutdown } from '../src'

const NAMES = ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException', 'unhandledRejection'] as const
const counts = () => NAMES.map((name) => process.listenerCount(name))

describe('process signals', () => {
  it('are one listener a signal for all shutdowns of the process, and go with the last', () => {
    const before = counts()
    const warnings: Error[] = []
    const warned = (warning: Error) => warnings.push(warning)
    process.on('warning', warned)
    const shutdowns = Array.from({ length: 30 }, () => gracefulShutdown(createServer()))
    shutdowns.push(gracefulShutdown(createServer(), { signals: ['SIGHUP'] }))
    expect(counts()).to.deep.equal(before.map((count) => count + 1))
    for (const shutdown of shutdowns) shutdown.uninstall()
    process.off('warning', warned)
    expect(counts()).to.deep.equal(before)
    expect(warnings).to.deep.equal([])
  })

  it('are none with signals: false and fatal: false', () => {
    const before = counts()
    const shutdown = gracefulShutdown(createServer(), { signals: false, fatal: false })
    expect(counts()).to.deep.equal(before)
    shutdown.uninstall()
  })

  it('go with the end of a stop', async () => {
    const before = counts()
    await gracefulShutdown(createServer(), { logger: false }).stop()
    expect(counts()).to.deep.equal(before)
  })
})
