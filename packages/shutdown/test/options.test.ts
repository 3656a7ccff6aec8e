import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { defaults, settle, type ShutdownOptions } from '../src/options'

describe('options', () => {
  const bad: [options: unknown, Class: typeof TypeError | typeof RangeError, message: string][] = [
    [{ timeout: -1 }, RangeError, 'Cannot shut down with timeout -1: it must be 0 or more ms, and finite'],
    [{ timeout: 0 }, RangeError, 'Cannot shut down with timeout 0: it must be more than 0 ms'],
    [{ timeout: '10s' }, TypeError, "Cannot shut down with timeout '10s': it must be a number of ms"],
    [{ timeout: NaN }, TypeError, 'Cannot shut down with timeout NaN: it must be a number of ms'],
    [{ abortAfter: Infinity }, RangeError, 'Cannot shut down with abortAfter Infinity: it must be 0 or more ms, and finite'],
    [{ delay: 20_000, timeout: 10_000 }, RangeError, 'Cannot shut down with delay 20000: it must be less than timeout, 10000 ms'],
    [{ delay: 10_000 }, RangeError, 'Cannot shut down with delay 10000: it must be less than timeout, 10000 ms'],
    [
      { delay: 4_000, abortAfter: 4_000, cleanupTimeout: 4_000 },
      RangeError,
      'Cannot shut down with delay 4000, abortAfter 4000 and cleanupTimeout 4000: together they must be at most timeout, 10000 ms',
    ],
    [{ late: 'drop' }, TypeError, "Cannot shut down with late 'drop': it must be 'serve', 'reject' or a function that returns one of them"],
    [{ signals: ['TERM'] }, TypeError, "Cannot shut down with signals [ 'TERM' ]: it must be an array of signal names, such as 'SIGTERM', or false"],
    [{ signals: 'SIGTERM' }, TypeError, "Cannot shut down with signals 'SIGTERM': it must be an array of signal names, such as 'SIGTERM', or false"],
    [{ signals: ['SIGKILL'] }, TypeError, "Cannot shut down with signals [ 'SIGKILL' ]: SIGKILL cannot be caught"],
    [{ signals: ['SIGFOO'] }, TypeError, "Cannot shut down with signals [ 'SIGFOO' ]: this system has no SIGFOO"],
    [{ exit: 1 }, TypeError, "Cannot shut down with exit 1: it must be true, false or 'signal'"],
    [{ force: 'SIGHUP' }, TypeError, "Cannot shut down with force 'SIGHUP': it must be one of signals, 'any' or 'never'"],
    [{ idle: 0 }, RangeError, 'Cannot shut down with idle 0: it must be more than 0 ms'],
    [{ timeout: 2 ** 31 }, RangeError, 'Cannot shut down with timeout 2147483648: it must be at most 2147483647 ms, the longest that a timer waits'],
    [{ idle: 5e9 }, RangeError, 'Cannot shut down with idle 5000000000: it must be at most 2147483647 ms, the longest that a timer waits'],
    [{ logger: true }, TypeError, 'Cannot shut down with logger true: it must be a function, an object with info and error, or false'],
    [{ logger: { info() {} } }, TypeError, 'Cannot shut down with logger { info: [Function: info] }: it must be a function, an object with info and error, or false'],
    [{ timout: 5_000 }, TypeError, 'Cannot shut down with timout 5000: there is no such option; the nearest is timeout'],
    [{ cleanUpTimeout: 5_000 }, TypeError, 'Cannot shut down with cleanUpTimeout 5000: there is no such option; the nearest is cleanupTimeout'],
    [[], TypeError, 'Cannot shut down with options []: they must be an object'],
    [null, TypeError, 'Cannot shut down with options null: they must be an object'],
  ]
  for (const [options, Class, message] of bad) {
    it(`refuse ${JSON.stringify(options)}`, () => {
      expect(() => settle(options as ShutdownOptions)).to.throw(Class, message)
    })
  }

  it('divide what the delay leaves: half until the abort, a fifth for clean-up', () => {
    expect(settle({ timeout: 20_000, delay: 10_000 })).to.include({ abortAfter: 5_000, cleanupTimeout: 2_000 })
  })

  it('shrink a default to what explicit values leave', () => {
    expect(settle({ abortAfter: 9_500 })).to.include({ abortAfter: 9_500, cleanupTimeout: 500 })
    expect(settle({ cleanupTimeout: 8_000 })).to.include({ abortAfter: 2_000, cleanupTimeout: 8_000 })
    expect(settle({ abortAfter: 0 })).to.include({ abortAfter: 0, cleanupTimeout: 2_000 })
  })

  it('take fatal from exit, unless it is given', () => {
    expect(settle({ exit: false })).to.include({ exit: false, fatal: false })
    expect(settle({ exit: false, fatal: true })).to.include({ fatal: true })
    expect(settle({})).to.include({ exit: true, fatal: true })
  })

  it('have the defaults that the README says', () => {
    const readme = readFileSync(path.join(__dirname, '../README.md'), 'utf8')
    const section = readme.slice(readme.indexOf('## Options'), readme.indexOf('## What it stops'))
    const rows = [...section.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, value]) => [name, value?.trim()])
    const said = {
      timeout: defaults.timeout.toLocaleString('en').replace(',', '_'),
      delay: String(defaults.delay),
      abortAfter: defaults.abortAfter === 0.5 ? 'half of timeout − delay' : 'not as here',
      cleanupTimeout: defaults.cleanupTimeout === 0.2 ? 'a fifth of timeout − delay' : 'not as here',
      late: `'${defaults.late}'`,
      handover: String(defaults.handover),
      spread: String(defaults.spread),
      signals: `[${defaults.signals.map((name) => `'${name}'`).join(', ')}]`,
      force: `'${defaults.force}'`,
      fatal: 'as `exit`',
      exit: String(defaults.exit),
      idle: 'never',
      logger: 'stderr',
    }
    expect(Object.fromEntries(rows)).to.deep.equal(said)
  })
})
