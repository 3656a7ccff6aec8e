import { type Logger } from './options'

/** One line per event of the stop, wherever the user wants it; a logger that throws stops nothing. */
export class Log {
  readonly #logger: Logger | false

  constructor(logger: Logger | false) {
    this.#logger = logger
  }

  info(line: string, fields: Record<string, unknown> = {}): void {
    this.#write('info', line, fields)
  }

  error(line: string, fields: Record<string, unknown> = {}): void {
    this.#write('error', line, fields)
  }

  #write(level: 'info' | 'error', line: string, fields: Record<string, unknown>): void {
    const logger = this.#logger
    if (logger === false) return
    try {
      const written: unknown = typeof logger === 'function' ? logger(`[shutdown] ${line}`, fields) : logger[level](fields, line)
      Promise.resolve(written).catch(() => {})
    } catch {
      // The stop goes on without its log.
    }
  }
}
