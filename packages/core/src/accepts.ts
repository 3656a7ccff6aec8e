import { type IncomingMessage } from 'node:http'
import { lazy } from './lazy'

const accepts = lazy<typeof import('accepts')>(() => require('accepts'))

type Negotiate = (...offered: (string | string[])[]) => string | string[] | false

/**
 * What a client takes, as its Accept headers say. Each method answers the best of what is offered, or false;
 * offered nothing, all that the client takes, best first. A type may be offered as an extension: 'json'.
 */
export interface Accepts {
  type: Negotiate
  types: Negotiate
  encoding: Negotiate
  encodings: Negotiate
  charset: Negotiate
  charsets: Negotiate
  language: Negotiate
  languages: Negotiate
  lang: Negotiate
  langs: Negotiate
}

export function acceptsOf(req: IncomingMessage): Accepts {
  return accepts()(req) as Accepts
}
