import { Stream } from 'node:stream'

/** Node's streams, and those of libraries that look like them. */
export function isStream(value: unknown): value is Stream.Readable {
  if (typeof value !== 'object' || value === null || typeof (value as Stream).pipe !== 'function') return false
  if (value instanceof Stream) return true
  const { readable, read, destroy, readableObjectMode, destroyed } = value as Stream.Readable
  return (
    readable === true &&
    typeof read === 'function' &&
    typeof destroy === 'function' &&
    typeof readableObjectMode === 'boolean' &&
    typeof destroyed === 'boolean'
  )
}

/**
 * A stream becomes a body. It may fail before it is sent, or after nobody wants it any more, and neither must end the
 * process (Koa 3.3 has no listener in that time): `respond` tells an error that counts.
 */
export function adopt(stream: Stream.Readable): void {
  stream.on('error', () => {})
}

export function release(stream: Stream.Readable): void {
  if (!stream.destroyed && typeof stream.destroy === 'function') stream.destroy()
}

/**
 * An object or array as written in the code or read by JSON.parse, and no stream: JSON without a look at the classes
 * that it could be of (Blob and ReadableStream are getters of globalThis).
 */
export function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { constructor, pipe } = value as Partial<Stream>
  return (constructor === Object || constructor === Array) && typeof pipe !== 'function'
}
