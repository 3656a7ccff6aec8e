/** How many stops run. */
let stops = 0
const ignore = (): void => {}

/**
 * From now on a write to a stdout or stderr that is closed fails nothing: it is an 'error' event, in the tick queue, that
 * is an uncaught exception where nobody listens. One that is logged to the same pipe fails again, and for ever.
 * @returns ends it: for a process that lives on
 */
export function guardOutlets(): () => void {
  if (stops++ === 0) for (const stream of outlets()) stream.on('error', ignore)
  let guarded = true
  return () => {
    if (!guarded) return
    guarded = false
    if (--stops === 0) for (const stream of outlets()) stream.off('error', ignore)
  }
}

/** stdout or stderr, if it can be had: Node opens them when they are first asked for, which may fail. */
export function outlet(name: 'stdout' | 'stderr'): NodeJS.WriteStream | undefined {
  try {
    return process[name]
  } catch {
    return undefined
  }
}

function outlets(): NodeJS.WriteStream[] {
  return [outlet('stdout'), outlet('stderr')].filter((stream) => stream !== undefined)
}

/** Resolves when what was written so far has left the process, or cannot: into a pipe, `process.exit` would cut it. */
export async function flushed(): Promise<void> {
  await Promise.all(outlets().map((stream) => new Promise<void>((resolve) => {
    if (stream.destroyed || stream.writableEnded) return resolve()
    try {
      stream.write('', () => resolve())
    } catch {
      resolve()
    }
  })))
}
