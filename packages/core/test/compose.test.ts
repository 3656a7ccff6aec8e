import { expect } from 'chai'
import { compose } from '@ebbjs/core'

type Ctx = { seen: string[] }

describe('compose', () => {
  const mark = (name: string) => async (ctx: Ctx, next: () => Promise<void>) => {
    ctx.seen.push(`${name}>`)
    await next()
    ctx.seen.push(`<${name}`)
  }

  it('runs middleware from outside in and back', async () => {
    const ctx: Ctx = { seen: [] }
    await compose([mark('a'), mark('b')])(ctx)
    expect(ctx.seen).to.deep.equal(['a>', 'b>', '<b', '<a'])
  })

  it('runs `next` after the last middleware', async () => {
    const ctx: Ctx = { seen: [] }
    await compose([mark('a')])(ctx, async () => void ctx.seen.push('end'))
    expect(ctx.seen).to.deep.equal(['a>', 'end', '<a'])
  })

  it('resolves without middleware', () => compose([])({}))

  it('flattens nested lists', async () => {
    const ctx: Ctx = { seen: [] }
    await compose<Ctx>([[mark('a'), [mark('b')]], mark('c')])(ctx)
    expect(ctx.seen).to.deep.equal(['a>', 'b>', 'c>', '<c', '<b', '<a'])
  })

  it('copies the list', async () => {
    const ctx: Ctx = { seen: [] }
    const list = [mark('a')]
    const fn = compose(list)
    list.push(mark('late'))
    await fn(ctx)
    expect(ctx.seen).to.deep.equal(['a>', '<a'])
  })

  it('can run more than once at a time', async () => {
    const fn = compose([mark('a'), mark('b')])
    const [one, two]: [Ctx, Ctx] = [{ seen: [] }, { seen: [] }]
    await Promise.all([fn(one), fn(two)])
    expect(one.seen).to.deep.equal(two.seen)
  })

  it('rejects the second next() of one middleware', async () => {
    const fn = compose([async (_: object, next) => { await next(); await next() }])
    expect(await failure(fn({}))).to.equal('next() called multiple times')
  })

  it('rejects with what a middleware throws, before its first await too', async () => {
    const fn = compose([() => { throw new Error('at once') }])
    expect(await failure(fn({}))).to.equal('at once')
  })

  it('lets a middleware catch what a later one throws', async () => {
    const ctx: Ctx = { seen: [] }
    await compose<Ctx>([
      async (ctx, next) => { await next().catch((error: Error) => void ctx.seen.push(error.message)) },
      () => { throw new Error('inner') },
    ])(ctx)
    expect(ctx.seen).to.deep.equal(['inner'])
  })

  it('refuses what is no list of functions, in the words of koa-compose', () => {
    expect(() => compose('x' as never)).to.throw(TypeError, 'Middleware stack must be an array!')
    expect(() => compose([{}] as never)).to.throw(TypeError, 'Middleware must be composed of functions!')
  })
})

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => 'resolved', (error: Error) => error.message)
}
