import { clearInterval, setInterval } from './clock'
import { printableWord } from './log'
import { counted, describeExchange } from './report'
import { type Exchange } from './target'

/** What a terminal is, as far as this goes. */
export interface Terminal {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** While a stop waits, one line on a terminal that says for what. Silent on anything else. */
export class WaitingLine {
  readonly #terminal: Terminal
  readonly #timer: NodeJS.Timeout | undefined
  #shown = false

  /** @param waitingFor - what to say; undefined when nothing is waited for */
  constructor(terminal: Terminal, waitingFor: () => string | undefined) {
    this.#terminal = terminal
    if (terminal.isTTY !== true) return
    this.#timer = setInterval(() => {
      const text = waitingFor()
      if (text === undefined) return
      this.#write(`\r\x1b[2K${text}; Ctrl-C again to force`)
      this.#shown = true
    }, 1_000).unref()
  }

  /** Takes the line away, before others are written. */
  clear(): void {
    if (this.#shown) this.#write('\r\x1b[2K')
    this.#shown = false
  }

  #write(text: string): void {
    try {
      this.#terminal.write(text)
    } catch {
      // Nobody sees it.
    }
  }

  end(): void {
    clearInterval(this.#timer)
    this.clear()
  }
}

/** `3 requests, oldest GET /report 4.2 s` */
export function describeWaiting(inflight: readonly Exchange[], rest: readonly string[]): string | undefined {
  const [oldest] = inflight.toSorted((a, b) => a.startedAt - b.startedAt)
  const parts = [...rest]
  if (oldest !== undefined) {
    const { method, path, age } = describeExchange(oldest)
    parts.unshift(`${counted(inflight.length, 'request')}, oldest ${printableWord(`${method} ${path}`)} ${(age / 1_000).toFixed(1)} s`)
  }
  return parts.length === 0 ? undefined : `waiting for ${parts.join(', ')}`
}
