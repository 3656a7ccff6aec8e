import { App } from '@ebbjs/core'
import KoaRouter from '@koa/router'
import { expect } from 'chai'
import Koa from 'koa'
import { Router } from '../src'
import { cases, type Case, type Kit } from './koa-router-cases'
import { serve } from './serve'

interface KoaApp {
  use(fn: unknown): this
  on(event: string, listener: (error: Error) => void): this
  callback(): (...args: never[]) => unknown
  silent: boolean
}

/** What a table answers, or how it fails to be built. */
async function answers(app: KoaApp, kit: Kit, { build, requests }: Case): Promise<unknown[]> {
  app.silent = true
  try {
    build(kit, app)
  } catch (error) {
    return [`throws ${(error as Error).message}`]
  }
  return serve(app, async (ask) => {
    const seen: unknown[] = []
    for (const line of requests) {
      const [method, path, host] = line.split(' ') as [string, string, string?]
      const { status, headers, body } = await ask(method, path, host === undefined ? {} : { host })
      seen.push({ line, status, allow: headers.allow, location: headers.location, body })
    }
    return seen
  })
}

describe('Router, against npm @koa/router 15 on npm koa', () => {
  it('is compared in at least 120 cases', () => {
    expect(cases.length).to.be.at.least(120)
  })

  for (const one of cases) {
    it(one.differs === undefined ? one.name : `${one.name} (differs: ${one.differs})`, async () => {
      const theirs = await answers(new Koa() as unknown as KoaApp, { Router: KoaRouter as unknown as Kit['Router'] }, one)
      const ours = await answers(new App() as unknown as KoaApp, { Router: Router as unknown as Kit['Router'] }, one)
      if (one.differs === undefined) expect(ours).to.deep.equal(theirs)
      else expect(ours).to.not.deep.equal(theirs)
      if (one.ours !== undefined) expect(ours.map((answer) => (typeof answer === 'string' ? answer : (answer as { body: string }).body))).to.deep.equal(one.ours)
    })
  }
})
