import { type Logger, stderr } from './options'
import { messageOf } from './thrown'

/** One line per event of the stop, wherever the user wants it. A logger that throws, rejects or logs itself stops nothing. */
export class Log {
  readonly #logger: Logger | false
  #writing = false

  constructor(logger: Logger | false) {
    this.#logger = logger
  }

  info(line: string, fields: Record<string, unknown> = {}): void {
    this.#write('info', line, fields)
  }

  error(line: string, fields: Record<string, unknown> = {}): void {
    this.#write('error', line, fields)
  }

  /** What must be seen, also with `logger: false`: the error that ends the process. */
  fatal(line: string, fields: Record<string, unknown> = {}): void {
    if (this.#logger === false) stderr(`[shutdown] ${printable(line)}`)
    else this.#write('error', line, fields)
  }

  #write(level: 'info' | 'error', text: string, fields: Record<string, unknown>): void {
    const logger = this.#logger
    if (logger === false || this.#writing) return
    const line = printable(text)
    const failed = (error: unknown): void => {
      if (level === 'error') stderr(`[shutdown] ${line}\n    (the logger failed: ${printable(messageOf(error))})`)
    }
    this.#writing = true
    try {
      const written: unknown = typeof logger === 'function' ? logger(`[shutdown] ${line}`, fields) : logger[level](fields, line)
      Promise.resolve(written).catch(failed)
    } catch (error) {
      failed(error)
    } finally {
      this.#writing = false
    }
  }
}

/**
 * A text, such as a path that a client sent, that can neither forge a line of the log nor move a terminal: control
 * characters are written out (`\x1b`), and what follows a line break is indented, as stacks are.
 */
function printable(text: string): string {
  return text.replace(CONTROLS, (char) => (char === '\n' || char === '\t' ? char : escaped(char))).replace(/\n(?! {4})/g, '\n    ')
}

/** The same for what is one word of a line: a path, a name. */
export function printableWord(text: string): string {
  return text.replace(CONTROLS, escaped)
}

/** Controls, line and paragraph separators, and what turns the direction of writing. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

function escaped(char: string): string {
  const code = char.charCodeAt(0).toString(16)
  return char === '\n' ? '\\n' : code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`
}
