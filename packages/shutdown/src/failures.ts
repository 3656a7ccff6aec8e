import { type Log, printableWord } from './log'
import { messageOf, shown } from './thrown'

/** So many different errors are logged; more are counted. */
const MOST = 20

/**
 * The fatal errors before and during a stop. Each is logged when it comes first, whatever the logger is, and at the end how
 * often it came: a storm of one error, such as of a log that cannot be written, must not be a storm of lines.
 */
export class Failures {
  readonly #log: Log
  readonly #counts = new Map<string, number>()
  #others = 0

  constructor(log: Log) {
    this.#log = log
  }

  get size(): number {
    return this.#counts.size
  }

  add(reason: string, error: unknown): void {
    const key = `${reason} ${keyOf(error)}`
    const count = this.#counts.get(key)
    if (count === undefined && this.#counts.size === MOST) {
      this.#others++
      return
    }
    this.#counts.set(key, (count ?? 0) + 1)
    if (count === undefined) this.#log.fatal(`${reason}: ${oneLineIfExpected(error)}`, { err: error })
  }

  /** Says what came more than once. */
  end(): void {
    for (const [key, count] of this.#counts) {
      if (count > 1) this.#log.fatal(`${printableWord((key.split('\n', 1)[0] as string))} came ${count} times in all`)
    }
    if (this.#others > 0) this.#log.fatal(`${this.#others} more errors of other kinds came`)
  }
}

function keyOf(error: unknown): string {
  try {
    return String((error as Error | undefined)?.stack ?? error)
  } catch {
    return messageOf(error)
  }
}

/** A port that is taken is no bug whose stack one needs. */
function oneLineIfExpected(error: unknown): string {
  return isPortTaken(error) ? messageOf(error) : shown(error)
}

function isPortTaken(error: unknown): boolean {
  try {
    return (error as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'
  } catch {
    return false
  }
}
