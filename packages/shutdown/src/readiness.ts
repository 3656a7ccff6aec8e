import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setImmediate } from './clock'

/** Node publishes here when any server listens (documented as `net.server.listen`, v18.20-26). */
const LISTENING = 'tracing:net.server.listen:asyncEnd'

/** Whoever wants to know that the process serves, and later that it no longer does. */
type Outlet = (ready: boolean) => void

/** Watches for the moment when all servers listen and start-up is done, and tells it on. */
export class Readiness {
  readonly #isReady: () => boolean
  readonly #failed: (error: unknown) => void
  readonly #outlets: Outlet[] = []
  readonly #listening = () => void setImmediate(() => this.check())
  #ready = false
  #over = false

  /** @param failed - told why an outlet could not be written, such as a file that cannot be removed */
  constructor(isReady: () => boolean, failed: (error: unknown) => void) {
    this.#isReady = isReady
    this.#failed = failed
    subscribe(LISTENING, this.#listening)
    this.#listening()
  }

  add(outlet: Outlet): void {
    this.#outlets.push(outlet)
    if (this.#ready && !this.#over) this.#tell(outlet, true)
  }

  /** Something may have changed. */
  check(): void {
    if (this.#over || this.#ready || !this.#isReady()) return
    this.#ready = true
    for (const outlet of this.#outlets) this.#tell(outlet, true)
  }

  /** Never again. */
  end(): void {
    if (this.#over) return
    this.#over = true
    unsubscribe(LISTENING, this.#listening)
    for (const outlet of this.#outlets) this.#tell(outlet, false)
  }

  #tell(outlet: Outlet, ready: boolean): void {
    try {
      outlet(ready)
    } catch (error) {
      this.#failed(error)
    }
  }
}

/** A file that is there while the process is ready, for probes that are commands (`test -f`). A successor's is left alone. */
export function readinessFile(path: string): Outlet {
  const content = `${process.pid}\n`
  return (ready) => {
    if (ready) writeFileSync(path, content)
    else if (existsSync(path) && readFileSync(path, 'utf8') === content) rmSync(path, { force: true })
  }
}
