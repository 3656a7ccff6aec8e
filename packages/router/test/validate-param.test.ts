import { App } from '@ebbjs/core'
import { expect } from 'chai'
import { createParameterValidationMiddleware, Router } from '../src'
import { serve } from './serve'

describe('createParameterValidationMiddleware', () => {
  const answers = async (fill: (router: Router) => void, ...paths: string[]) => {
    const router = new Router()
    fill(router)
    const app = new App().use(router.routes())
    app.silent = true
    return serve(app, async (ask) => {
      const seen: [number, string][] = []
      for (const path of paths) {
        const { status, body } = await ask('GET', path)
        seen.push([status, body])
      }
      return seen
    })
  }
  const ok = (ctx: { body: unknown }) => {
    ctx.body = 'ok'
  }

  it('checks a param of every route, also with a global RegExp', async () => {
    const fill = (router: Router) => router.param('id', createParameterValidationMiddleware('id', /^\d+$/g)).get('/a/:id', ok)
    expect(await answers(fill, '/a/1', '/a/2', '/a/x')).to.deep.equal([[200, 'ok'], [200, 'ok'], [400, 'Invalid value for parameter "id": "x"']])
  })

  it('checks the param of one route, and that there is one', async () => {
    const check = createParameterValidationMiddleware('id', /^\d+$/, { status: 422 })
    const fill = (router: Router) => router.get('/a/:id', check, ok).get('/b{/:id}', check, ok)
    expect(await answers(fill, '/a/1', '/a/x', '/b')).to.deep.equal([[200, 'ok'], [422, 'Invalid value for parameter "id": "x"'], [422, 'Missing required parameter "id" in route params']])
  })

  it('says what its options say', async () => {
    const hidden = createParameterValidationMiddleware('id', /^\d+$/, { message: 'secret', expose: false })
    const own = createParameterValidationMiddleware('id', /^\d+$/, { createError: (name, value) => Object.assign(new Error(`${name} ${value}`), { status: 418, expose: true }) })
    const fill = (router: Router) => router.get('/a/:id', hidden, ok).get('/b/:id', own, ok)
    expect(await answers(fill, '/a/x', '/b/x')).to.deep.equal([[400, 'Bad Request'], [418, 'id x']])
  })

  it('refuses a pattern that is no RegExp', () => {
    expect(() => createParameterValidationMiddleware('id', '\\d+' as never)).to.throw(TypeError, 'pattern must be a RegExp instance')
  })
})
