import { format, inspect } from 'node:util'
import statuses from 'statuses'

/** A frozen error keeps its fields. */
export function assign(error: object, name: string, value: unknown): void {
  Reflect.set(error, name, value)
}

/** An error of another realm (a vm, Jest) is no `instanceof Error`, and counts. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]') return thrown as Error
  try {
    return new Error(format('non-error thrown: %j', thrown))
  } catch {
    return new Error(`non-error thrown: ${inspect(thrown)}`) // a BigInt has no JSON
  }
}

/** What Node reports to who was writing to, or reading from, a client that left. */
export function isDisconnect(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code !== undefined && DISCONNECTS.has(code)
}

const DISCONNECTS = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ERR_HTTP2_INVALID_STREAM', 'ECONNRESET', 'EPIPE'])

/** The parts of an error that an answer is made of, whatever else the error is. */
export function describe(error: Error): { status: number; headers: object; expose: boolean; message: string } {
  const { status, statusCode, headers, expose, message } = error as Error & Record<string, unknown>
  const code = status || statusCode
  return {
    status: typeof code === 'number' && statuses.message[code] !== undefined ? code : 500,
    headers: typeof headers === 'object' && headers !== null ? headers : {},
    expose: Boolean(expose),
    message: String(message),
  }
}
