import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import path from 'node:path'

/** An example that runs in a process of its own, as `npm start` would run it, on a free port. */
export class Example extends EventEmitter<{ output: [] }> {
  /** What it has printed; each of stdout and stderr is in order, the two among each other need not be. */
  output = ''
  /** Where it answers. */
  url = ''
  /** Its exit code and the signal that ended it, once both are known and all it printed is in `output`. */
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly #process: ChildProcess
  #ended = false

  constructor(file: string, env: NodeJS.ProcessEnv) {
    super()
    const args = ['-C', '@ebbjs/source', '-r', 'ts-node/register', path.join(__dirname, file)]
    this.#process = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PORT: '0', ...env },
      timeout: 60_000, // ms, for one that hangs before its test can end it
      killSignal: 'SIGKILL',
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
        this.emit('output')
      })
    }
    this.exit = once(this.#process, 'close').then(([code, signal]) => {
      this.#ended = true
      this.emit('output')
      return { code: code as number | null, signal: signal as NodeJS.Signals | null }
    })
  }

  /**
   * Resolves once it has printed what fits, at once if it has already.
   * @throws Error with all it printed if it ends without
   */
  async printed(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const found = this.output.match(pattern)
      if (found !== null) return found
      if (this.#ended) throw new Error(`The example ended and never printed ${pattern}:\n${this.output}`)
      await once(this, 'output')
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** For `afterEach`: ends it at once if it still runs. */
  async end(): Promise<void> {
    this.kill('SIGKILL')
    await this.exit
  }
}

/** Starts an example by its path in this folder; resolves when it has printed its address. */
export async function start(file: string, env: NodeJS.ProcessEnv = {}): Promise<Example> {
  const example = new Example(file, env)
  example.url = (await example.printed(/http:\/\/localhost:\d+/))[0]
  return example
}
