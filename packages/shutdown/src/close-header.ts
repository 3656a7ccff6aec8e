import { type ServerResponse } from 'node:http'
import { standIn } from './stand-in'

type WriteHead = (this: ServerResponse, status: number, ...rest: unknown[]) => ServerResponse
type SetHeader = ServerResponse['setHeader']

/**
 * Has a response say `Connection: close` if `isLast` says so in the moment when its head is made: not before, because
 * by then another request may have come behind it, or the listener may be closed. A handler's own `keep-alive` goes
 * (http-proxy copies its target's, heads of event streams set it); other options of the header, as `upgrade`, stay.
 * By an own `writeHead`, which is public, and which Node calls for the implicit head as well.
 */
export function sayClose(res: ServerResponse, isLast: () => boolean): void {
  const heads = res as unknown as Record<'writeHead' | 'writeHeader', WriteHead>
  for (const name of ['writeHead', 'writeHeader'] as const) { // the same under an older name, which @types/node leaves out
    const isWrapped = Object.hasOwn(res, name) // by somebody else, so that headers may be set within
    if (typeof heads[name] === 'function') heads[name] = closing(heads[name], isLast, isWrapped)
  }
}

function closing(writeHead: WriteHead, isLast: () => boolean, isWrapped: boolean): WriteHead {
  return function (status, ...rest) {
    // 101 belongs to another protocol, and other heads below 200 are not the response's.
    if (this.headersSent || status < 200 || !isLast()) return writeHead.call(this, status, ...rest)
    const { shouldKeepAlive } = this
    const before = this.getHeader('Connection')
    const restore = isWrapped ? standIn(this, 'setHeader', closingSetHeader(this.setHeader)) : undefined
    try {
      this.shouldKeepAlive = false
      if (this.hasHeader('Keep-Alive')) this.removeHeader('Keep-Alive')
      const at = typeof rest[0] === 'string' || rest[1] != null ? 1 : 0 // as Node has it: status, reason, headers
      if (typeof rest[at] === 'object' && rest[at] !== null) rest[at] = withClose(rest[at], before)
      else this.setHeader('Connection', closeAmong(before))
      return writeHead.call(this, status, ...rest)
    } catch (error) {
      // The head was wrong, so another may follow, perhaps of a response that is not the last any more.
      if (!this.headersSent) {
        this.shouldKeepAlive = shouldKeepAlive
        if (before === undefined) this.removeHeader('Connection')
        else this.setHeader('Connection', before)
      }
      throw error
    } finally {
      restore?.()
    }
  }
}

function closingSetHeader(setHeader: SetHeader): SetHeader {
  return function (this: ServerResponse, name, value) {
    return setHeader.call(this, name, /^connection$/i.test(name) ? closeAmong(value) : value)
  }
}

/** The headers that `writeHead` was given: an object, a flat list of names and values, or a list of pairs. */
function withClose(headers: object, before: unknown): object {
  if (!Array.isArray(headers)) {
    const entries = Object.entries(headers)
    return Object.fromEntries([...entries.filter(([name]) => !isOurs(name)), ['Connection', closeAmong(valueIn(entries) ?? before)]])
  }
  if (Array.isArray(headers[0])) {
    const pairs = headers as [string, unknown][]
    return [...pairs.filter(([name]) => !isOurs(name)), ['Connection', closeAmong(valueIn(pairs) ?? before)]]
  }
  const pairs: [string, unknown][] = []
  for (let i = 0; i + 1 < headers.length; i += 2) pairs.push([headers[i] as string, headers[i + 1]])
  const odd: unknown[] = headers.length % 2 === 1 ? [headers.at(-1)] : [] // which Node refuses
  return [...pairs.filter(([name]) => !isOurs(name)).flat(), 'Connection', closeAmong(valueIn(pairs) ?? before), ...odd]
}

const isOurs = (name: unknown): boolean => /^(?:connection|keep-alive)$/i.test(String(name))

function valueIn(headers: readonly [string, unknown][]): unknown {
  return headers.findLast(([name]) => /^connection$/i.test(String(name)))?.[1]
}

/** `close`, and what else the header says but keep-alive. */
function closeAmong(value: unknown): string {
  const others = String(value ?? '').split(',').map((option) => option.trim()).filter((option) => !/^(?:close|keep-alive)?$/i.test(option))
  return ['close', ...others].join(', ')
}
