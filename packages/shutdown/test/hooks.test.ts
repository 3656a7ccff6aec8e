import { expect } from 'chai'
import { now } from '../src/clock'
import { Hooks } from '../src/hooks'
import { Gate } from './service'

const never = () => new Promise(() => {})
const soon = () => now() + 5_000

describe('hooks', () => {
  it('in turn run last registered first, each after the one before has ended', async () => {
    const hooks = new Hooks()
    const order: string[] = []
    for (const name of ['db', 'cache', 'queue']) {
      hooks.add(name, async () => {
        order.push(`${name} begins`)
        await new Promise(setImmediate)
        order.push(`${name} ends`)
      })
    }
    const reports = await hooks.inTurn(soon())
    expect(order).to.deep.equal(['queue begins', 'queue ends', 'cache begins', 'cache ends', 'db begins', 'db ends'])
    expect(reports.map(({ name, error }) => [name, error])).to.deep.equal([['queue', undefined], ['cache', undefined], ['db', undefined]])
  })

  it('run after those they name', async () => {
    const hooks = new Hooks()
    const order: string[] = []
    hooks.add('metrics', () => order.push('metrics'))
    hooks.add('db', () => order.push('db'))
    hooks.add('trace', () => order.push('trace'), { after: ['db', 'metrics'] })
    expect(hooks.problems).to.deep.equal([])
    await hooks.inTurn(soon())
    expect(order).to.deep.equal(['db', 'metrics', 'trace'])
  })

  it('that name one that is not there run, and have failed', async () => {
    const hooks = new Hooks()
    hooks.add('database', () => {})
    hooks.add('trace', () => {}, { after: ['databse'] })
    const problem = "hook 'trace' cannot run after 'databse': there is no such hook; the nearest is database"
    expect(hooks.problems).to.deep.equal([problem])
    expect((await hooks.inTurn(soon())).map(({ name, error }) => [name, error])).to.deep.equal([['trace', problem], ['database', undefined]])
  })

  it('of one call run side by side', async () => {
    const hooks = new Hooks()
    const order: string[] = []
    const meet = new Gate()
    hooks.add('first', () => order.push('first'))
    hooks.addGroup([['db', () => meet.opened.then(() => order.push('db'))], ['redis', () => (order.push('redis'), meet.open())]], {})
    await hooks.inTurn(soon())
    expect(order).to.deep.equal(['redis', 'db', 'first'])
  })

  it('are told why, and by a signal when their time is over', async () => {
    const hooks = new Hooks()
    const told: unknown[] = []
    hooks.add('hangs', ({ reason, signal }) => {
      signal.addEventListener('abort', () => told.push((signal.reason as Error).message))
      told.push(reason)
      return never()
    }, { timeout: 10 })
    await hooks.inTurn(soon(), 'deploy 42')
    expect(told).to.deep.equal(['deploy 42', "The time of hook 'hangs' is over"])
  })

  it('that register one another without end are ended', async () => {
    const hooks = new Hooks()
    let ran = 0
    const again = (): void => {
      ran++
      hooks.add(`again ${ran}`, again)
    }
    hooks.add('again', again)
    const reports = await hooks.inTurn(soon())
    expect(ran).to.equal(10)
    expect(reports.at(-1)?.error).to.equal("Cannot add hook 'again 10': it would be the 11th of a chain of hooks that register one another")
  })

  it('get the time that is added while they run', async () => {
    const hooks = new Hooks()
    let end = now() + 30
    hooks.add('long', () => new Promise((resolve) => setTimeout(resolve, 100)))
    const reports = hooks.inTurn(() => end)
    end += 60_000
    expect((await reports)[0]).not.to.have.property('error')
  })

  it('that name each other in a circle all run', async () => {
    const hooks = new Hooks()
    const order: string[] = []
    hooks.add('a', () => order.push('a'), { after: ['b'] })
    hooks.add('b', () => order.push('b'), { after: ['a'] })
    expect(hooks.problems).to.deep.equal(['a', 'b'].map((name) => `hook '${name}' cannot run after itself: what it names in 'after' names it in turn`))
    await hooks.inTurn(soon())
    expect(order).to.have.members(['a', 'b'])
  })

  it('that fail or hang keep no other from running, and are reported', async () => {
    const hooks = new Hooks()
    let ran = false
    hooks.add('last', () => (ran = true))
    hooks.add('hangs', never, { timeout: 20 })
    hooks.add('throws', () => {
      throw new Error('no connection')
    })
    hooks.add('rejects', () => Promise.reject(new Error('refused')))
    const reports = await hooks.inTurn(soon())
    expect(ran).to.equal(true)
    expect(reports.map(({ name }) => name)).to.deep.equal(['rejects', 'throws', 'hangs', 'last'])
    expect(reports.map(({ error }) => error?.replace(/\d+/, 'n'))).to.deep.equal(['refused', 'no connection', 'not done after n ms', undefined])
  })

  it('in turn share the time that is left, so that each of them begins', async () => {
    const hooks = new Hooks()
    const begun: string[] = []
    for (const name of ['a', 'b', 'c']) hooks.add(name, () => (begun.push(name), never()))
    const started = now()
    const reports = await hooks.inTurn(started + 300)
    expect(begun).to.deep.equal(['c', 'b', 'a'])
    expect(reports.every(({ error }) => error !== undefined)).to.equal(true)
    expect(now() - started).to.be.below(1_000)
  })

  it('added by a hook run too', async () => {
    const hooks = new Hooks()
    const order: string[] = []
    hooks.add('outer', () => {
      order.push('outer')
      hooks.add('inner', () => order.push('inner'))
    })
    await hooks.inTurn(soon())
    expect(order).to.deep.equal(['outer', 'inner'])
  })

  it('together start in the same turn, and end with the slowest or with the time', async () => {
    const hooks = new Hooks()
    const begun: string[] = []
    hooks.add('a', () => (begun.push('a'), never()))
    hooks.add('b', () => begun.push('b'))
    const reports = hooks.together(20, soon())
    expect(begun).to.deep.equal(['a', 'b'])
    expect((await reports).map(({ error }) => error !== undefined)).to.deep.equal([true, false])
  })

  it('together run once, whoever asks', async () => {
    const hooks = new Hooks()
    let ran = 0
    hooks.add('flush', async () => void ran++)
    const reports = hooks.together(20, soon())
    expect(hooks.together(20, soon())).to.equal(reports)
    await reports
    expect(ran).to.equal(1)
  })

  const bad: [args: unknown[], message: string][] = [
    [['', () => {}], "Cannot add a hook named '': its name must be a string, and not empty"],
    [['db', 'end'], "Cannot add hook 'db' with 'end': it must be a function"],
    [['db', () => {}, { timeout: 0 }], "Cannot add hook 'db' with timeout 0: it must be more than 0 ms, and finite"],
    [['db', () => {}, { after: [undefined] }], "Cannot add hook 'db' after [ undefined ]: it must be an array of other hooks' names"],
    [['db', () => {}, { timout: 5 }], "Cannot add hook 'db' with option timout: there is no such option; the nearest is timeout"],
    [['db', () => {}, { after: ['db'] }], "Cannot add hook 'db' after [ 'db' ]: it must be an array of other hooks' names"],
  ]
  for (const [args, message] of bad) {
    it(`refuse: ${message}`, () => {
      expect(() => new Hooks().add(...(args as Parameters<Hooks['add']>))).to.throw(message)
    })
  }
})
