import { Stream } from 'node:stream'

/** Node's streams, and those of libraries that look like them. */
export function isStream(value: unknown): value is Stream.Readable {
  if (value instanceof Stream) return true
  if (typeof value !== 'object' || value === null) return false
  const { readable, pipe, read, destroy, readableObjectMode, destroyed } = value as Stream.Readable
  return (
    readable === true &&
    typeof pipe === 'function' &&
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
