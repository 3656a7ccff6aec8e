/**
 * Writes a GOAWAY frame that Node's http2 cannot send: one that names the highest stream id (RFC 9113 §6.8), after
 * which streams are still served. `session.goaway(0, 2 ** 31 - 1)` sends the same bytes, but has nghttp2 ignore every
 * later stream.
 *
 * Member: `socket._handle`, its `fd` and `writeQueueSize`. Read in Node 20.20, 22.23, 24.21 and 26.10.
 * Gains: streams that a client opens within a round trip of the stop are served, 7 to 11 at one stream each 5 ms over 40 ms.
 * If Node changes: the session gets one GOAWAY, as it does over TLS, and clients repeat the streams that it refuses.
 *
 * Not `socket.write()`: the session listens for the end of writes on the handle, takes that of ours for its own, and
 * aborts the process ("Assertion failed: is_write_in_progress()"), over TLS always, over TCP when the kernel's buffer is full.
 * So there is none over TLS.
 */
import { writeSync } from 'node:fs'
import { type Socket } from 'node:net'

/** Length 8, type GOAWAY, no flags, stream 0; last stream 2^31-1, NO_ERROR. */
const FRAME = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])

interface Handle {
  readonly fd?: unknown
  readonly writeQueueSize?: unknown
}

/**
 * Call it once the session's own SETTINGS are acknowledged: they must be the first frame.
 * @param socket - the session's own, not its proxy
 * @returns 'written'; 'busy' while bytes wait for the kernel, between which it must not come; 'impossible' otherwise
 */
export function writeShutdownNotice(socket: Socket): 'written' | 'busy' | 'impossible' {
  const { _handle: handle } = socket as Socket & { readonly _handle?: Handle | null }
  const fd = handle?.fd
  const queued = handle?.writeQueueSize
  if ('encrypted' in socket || typeof fd !== 'number' || fd < 0 || typeof queued !== 'number' || socket.writableLength > 0) return 'impossible'
  if (queued > 0) return 'busy'
  try {
    const written = writeSync(fd, FRAME)
    if (written < FRAME.length) socket.destroy() // what comes next would be read as the rest of it
    return 'written'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'busy' : 'impossible'
  }
}
