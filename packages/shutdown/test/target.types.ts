import { createServer as createHttp2 } from 'node:http2'
import { createServer } from 'node:http'
import { App, type Context } from '@ebbjs/core'
import { expectTypeOf } from 'expect-type'
import { type Exchange, gracefulShutdown, type Stoppable, type Target } from '../src'

expectTypeOf<App>().toExtend<Target>()
expectTypeOf<App<{ user: string }>>().toExtend<Target>()
expectTypeOf<Context>().toExtend<Exchange>()
const stoppable: Stoppable[] = [new App(), createServer(), createHttp2(), { server: createServer() }]
gracefulShutdown(stoppable)
gracefulShutdown(new App(), { late: (ctx) => (ctx.req.method === 'GET' ? 'serve' : 'reject') })
// @ts-expect-error a 'request' listener is no server
gracefulShutdown((_req: unknown, _res: unknown) => {})
// @ts-expect-error no such answer
gracefulShutdown(new App(), { late: 'drop' })
