import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { type Readable } from 'node:stream'
import { type ShutdownReport } from '../src'

const FIXTURES = path.join(__dirname, 'fixtures')

/** A fixture in a process of its own. It prints one fact a line: `listening 43210`, `request /slow`, `report {…}`. */
export class Child {
  static readonly #all = new Set<Child>()
  readonly process: ChildProcess
  /** How it ended. */
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  stdout = ''
  stderr = ''
  #waiting: (() => void)[] = []

  private constructor(fixture: string, options: object, env: NodeJS.ProcessEnv) {
    const args = ['-C', '@ebbjs/source', '-r', 'ts-node/register', path.join(FIXTURES, fixture), JSON.stringify(options)]
    this.process = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, ...env } })
    this.process.stdout?.on('data', (chunk: Buffer) => this.#read('stdout', chunk))
    this.process.stderr?.on('data', (chunk: Buffer) => this.#read('stderr', chunk))
    // not the process's 'close', which never comes once its IPC channel was closed by us
    const streams = [this.process.stdout, this.process.stderr].map((stream) => once(stream as Readable, 'close'))
    this.exit = Promise.all([once(this.process, 'exit'), ...streams]).then(([[code, signal]]) => {
      Child.#all.delete(this)
      this.#wake()
      return { code: code as number | null, signal: signal as NodeJS.Signals | null }
    })
    Child.#all.add(this)
  }

  /** Starts a fixture; its options arrive as JSON in `process.argv[2]`. */
  static start(fixture: string, options: object = {}, env: NodeJS.ProcessEnv = {}): Child {
    return new Child(fixture, options, env)
  }

  /** For `afterEach`: kills what a failed test has left. */
  static async endAll(): Promise<void> {
    await Promise.all([...Child.#all].map((child) => child.process.kill('SIGKILL') && child.exit))
  }

  /** The port that it listens on. */
  async port(): Promise<number> {
    return Number((await this.prints(/^listening (\d+)$/m))[1])
  }

  /** Resolves once it has printed a line that fits, at once if it has already. Rejects if it exits without. */
  async prints(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpMatchArray> {
    for (;;) {
      const found = this[stream].match(pattern)
      if (found !== null) return found
      if (!Child.#all.has(this)) throw new Error(`The fixture never printed ${pattern}:\n${this.stdout}${this.stderr}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async report(): Promise<ShutdownReport> {
    return JSON.parse((await this.prints(/^report (.*)$/m))[1] as string) as ShutdownReport
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }

  #read(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this[stream] += chunk.toString()
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
