import { inspect } from 'node:util'
import { type Log } from './log'
import { type Settings } from './options'
import { type Exchange } from './target'
import { messageOf } from './thrown'

/** Whether `late` has a request served. Whatever is wrong with it, the request is. */
export function isServedLate(late: Settings['late'], exchange: Exchange, log: Log): boolean {
  try {
    const answer = typeof late === 'function' ? late(exchange) : late
    if (answer !== 'serve' && answer !== 'reject') {
      log.error(`late returned ${inspect(answer)}, so the request is served: it must return 'serve' or 'reject'`)
    }
    return answer !== 'reject'
  } catch (error) {
    log.error(`late failed, so the request is served: ${messageOf(error)}`, { err: error })
    return true
  }
}
