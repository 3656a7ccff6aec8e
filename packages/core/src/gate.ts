/** Where requests wait while somebody holds them. */
export class Gate {
  #holds = 0
  #waiting: (() => void)[] = []

  get closed(): boolean {
    return this.#holds > 0
  }

  /** Resolves when nobody holds any more. */
  opened(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Closes the gate until the returned function is called. Holds add up; calling it twice counts once. */
  hold(): () => void {
    let released = false
    this.#holds++
    return () => {
      if (released) return
      released = true
      if (--this.#holds > 0) return
      const waiting = this.#waiting
      this.#waiting = []
      for (const proceed of waiting) proceed()
    }
  }
}
