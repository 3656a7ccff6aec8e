import { expect } from 'chai'
import { Child } from './child'

const SAYS = "[shutdown] not stopped in time, the process is ended: in cleanup: hook 'db'"

describe('the watchdog', () => {
  afterEach(() => Child.endAll())

  const ends: [way: string, exit: { code: number | null; signal: NodeJS.Signals | null }, says: string][] = [
    ['turns', { code: 1, signal: null }, `${SAYS}\n`],
    ['is blocked', { code: null, signal: 'SIGKILL' }, `${SAYS} (its event loop is blocked)\n`],
    ['has exit listeners that block', { code: null, signal: 'SIGKILL' }, `${SAYS}\n${SAYS} (its event loop is blocked)\n`],
    ['cannot say what is left', { code: 1, signal: null }, '[shutdown] not stopped in time, the process is ended\n'],
    ['is given more time', { code: 1, signal: null }, `${SAYS}\n`],
  ]
  for (const [way, exit, says] of ends) {
    it(`ends a process in time that ${way}`, async () => {
      const child = Child.start('watchdog.ts', { way })
      expect(await child.exit).to.deep.equal(exit)
      expect(child.stderr).to.equal(says)
      if (way === 'is given more time') expect(Number(child.stdout.match(/lived (\d+)/)?.[1])).to.be.at.least(1_490)
    })
  }

  it('runs no preload of the program in its thread', async () => {
    const child = Child.start('watchdog.ts', { way: 'turns' }, { NODE_OPTIONS: `--require ${require.resolve('./fixtures/preload.cjs')}` })
    expect((await child.exit).code).to.equal(1)
    expect(child.stdout.match(/preloaded/g)).to.have.length(1)
  })
})
