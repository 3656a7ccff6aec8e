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

/** Nobody reads this stream any more: what it reports then is nobody's error. */
export function abandon(stream: Stream.Readable, destroy: boolean): void {
  if (stream.destroyed) return
  stream.once('error', () => {})
  if (destroy && typeof stream.destroy === 'function') stream.destroy()
}
