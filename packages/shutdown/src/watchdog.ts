import { writeSync } from 'node:fs'
import { isMainThread, Worker } from 'node:worker_threads'
import { clearTimeout, hrtime, LONGEST, now, setInterval, setTimeout } from './clock'
import { endProcess } from './exit'

/** How long (ms) after the timer of this thread the other one ends the process: the first has been held up by then. */
const THREAD_LATER = 150
/** How long (ms) the other thread's last words may take: a pipe that nobody reads blocks who writes to it. */
const LAST_WORDS = 50
/** How often (ms) what is left is written down for the other thread. */
const NOTES_EVERY = 250
/** Bytes for that. */
const NOTE_SIZE = 4_096

/**
 * Ends a process whose stop has not ended when its time is over: by exit code 1 while this thread goes on, by SIGKILL
 * if it does not, because it is blocked or endless ticks starve its timers. Either says first what was left.
 * It shares nothing with the stop: no promise, no logger, no user code but 'exit' listeners, at which the thread ends it. Where threads are not allowed (Node's permission
 * model), and in a worker thread, which must not kill its process, there is only the timer.
 */
export class Watchdog {
  readonly #left: () => string
  readonly #notes = new Uint8Array(new SharedArrayBuffer(NOTE_SIZE))
  /** The moment of the kill, in ms of process.hrtime; see `THREAD`. */
  readonly #shared = new BigInt64Array(new SharedArrayBuffer(8))
  readonly #wake = new Int32Array(new SharedArrayBuffer(4))
  #timer: NodeJS.Timeout | undefined
  #noting: NodeJS.Timeout | undefined

  /** @param left - what is left to do, in a few words; asked often */
  constructor(left: () => string) {
    this.#left = left
  }

  /** Starts it or moves the moment (ms of `now()`) at which it ends the process. */
  guard(end: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#end(), Math.min(Math.max(0, end - now()), LONGEST)).unref()
    Atomics.store(this.#shared, 0, hrtime() / 1_000_000n + BigInt(Math.ceil(end - now() + THREAD_LATER)))
    this.note()
    Atomics.add(this.#wake, 0, 1)
    Atomics.notify(this.#wake, 0)
    if (this.#noting !== undefined) return
    this.#noting = setInterval(() => this.note(), NOTES_EVERY).unref()
    if (isMainThread) this.#startThread()
  }

  /** Its own options, so that no `--require` and no NODE_OPTIONS of the program is run in it. 4 ms of this thread. */
  #startThread(): void {
    try {
      const thread = new Worker(THREAD, {
        eval: true,
        execArgv: [],
        env: {},
        resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
        workerData: { notes: this.#notes, shared: this.#shared, wake: this.#wake, pid: process.pid, lastWords: LAST_WORDS },
      })
      thread.on('error', () => {})
      thread.unref()
    } catch {
      // Threads are not allowed: the timer is left.
    }
  }

  /** Writes down what is left, for the thread: before anything of the user's is called, which may block. */
  note(): void {
    const { written } = new TextEncoder().encodeInto(this.#words(), this.#notes.subarray(0, NOTE_SIZE - 1))
    this.#notes[written] = 0
  }

  #words(): string {
    try {
      return `[shutdown] not stopped in time, the process is ended: ${this.#left()}`
    } catch {
      return '[shutdown] not stopped in time, the process is ended'
    }
  }

  #end(): void {
    try {
      writeSync(2, `${this.#words()}\n`)
    } catch {
      // Closed, or full: nobody reads it.
    }
    endProcess(1, now())
  }
}

/** What the thread does: sleeps until the moment, which may be moved, then writes and kills. */
const THREAD = `
const { write } = require('node:fs')
const { notes, shared, wake, pid, lastWords } = require('node:worker_threads').workerData
const kill = () => process.kill(pid, 'SIGKILL')
for (;;) {
  const seen = Atomics.load(wake, 0)
  const left = Number(Atomics.load(shared, 0) - process.hrtime.bigint() / 1000000n)
  if (left <= 0) {
    setTimeout(kill, lastWords)
    write(2, Buffer.from(notes).toString('utf8', 0, notes.indexOf(0)) + ' (its event loop is blocked)\\n', kill)
    break
  }
  Atomics.wait(wake, 0, seen, left)
}`
