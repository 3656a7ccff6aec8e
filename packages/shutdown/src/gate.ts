import { type EventEmitter } from 'node:events'

export type Listener = (...args: unknown[]) => unknown

/**
 * Stands between emitters and their listeners of one event, by EventEmitter's public API: they are called by it, in
 * their order, or not at all.
 */
export class Gate {
  readonly #event: string
  readonly #admit: (...args: never[]) => boolean
  readonly #taken: [emitter: EventEmitter, gate: Listener, listeners: Listener[]][] = []

  /** @param admit - gets the event's arguments; false: nobody hears of it */
  constructor(event: string, admit: (...args: never[]) => boolean) {
    this.#event = event
    this.#admit = admit
  }

  /** Takes nothing from an emitter that has no such listener: to Node that is another thing than one. */
  take(emitter: EventEmitter): void {
    const listeners = emitter.rawListeners(this.#event) as Listener[]
    if (listeners.length === 0) return
    const gate: Listener = (...args) => {
      return this.#admit(...(args as never[])) ? callAll(emitter, listeners, args) : undefined
    }
    emitter.removeAllListeners(this.#event)
    emitter.on(this.#event, gate)
    this.#taken.push([emitter, gate, listeners])
  }

  /** Gives the listeners back: for a process that lives on. */
  release(): void {
    for (const [emitter, gate, listeners] of this.#taken.splice(0)) {
      emitter.off(this.#event, gate)
      for (const listener of listeners) emitter.on(this.#event, listener)
    }
  }
}

/** @returns what they return that can be awaited: an emitter that captures rejections looks at it */
export function callAll(emitter: EventEmitter, listeners: readonly Listener[], args: readonly unknown[]): unknown {
  const running = listeners.map((listener) => listener.apply(emitter, args as unknown[])).filter((result) => result instanceof Promise)
  return running.length > 1 ? Promise.all(running) : running[0]
}
