import { type Server, type Socket } from 'node:net'
import { clearTimeout, now, setTimeout } from './clock'
import { type Target } from './target'

/** Tells when nothing was in flight and no connection open for a while: for socket activation and scaling to zero. */
export class IdleWatch {
  readonly #ms: number
  readonly #targets: readonly Target[]
  readonly #isUp: () => boolean
  readonly #idle: () => void
  readonly #servers = new Set<Server>()
  #busySeen = now()
  #timer: NodeJS.Timeout | undefined

  /**
   * @param ms - how long
   * @param targets - those of now and of later
   * @param isUp - whether all servers listen and start-up is done
   * @param idle - called once
   */
  constructor(ms: number, targets: readonly Target[], isUp: () => boolean, idle: () => void) {
    this.#ms = ms
    this.#targets = targets
    this.#isUp = isUp
    this.#idle = idle
    this.#wait(ms)
  }

  /** Now is not idle: the process is up, for one. */
  busy(): void {
    this.#busySeen = now()
  }

  end(): void {
    clearTimeout(this.#timer)
    for (const server of this.#servers) server.off('connection', this.#connected)
    this.#servers.clear()
  }

  /** One timer: what comes in between is looked at when it is over. */
  #wait(ms: number): void {
    this.#watchServers()
    this.#timer = setTimeout(() => {
      if (!this.#isUp() || this.#targets.some(({ inflight, connections }) => inflight.size > 0 || connections.size > 0)) this.#busySeen = now()
      const left = this.#busySeen + this.#ms - now()
      if (left > 0) return this.#wait(left)
      this.end()
      this.#idle()
    }, ms)
    this.#timer.unref()
  }

  #watchServers(): void {
    for (const server of this.#targets.flatMap(({ servers }) => [...servers])) {
      if (this.#servers.has(server)) continue
      this.#servers.add(server)
      server.on('connection', this.#connected)
    }
  }

  readonly #connected = (socket: Socket): void => {
    this.#busySeen = now()
    socket.once('close', this.#closed)
  }

  readonly #closed = (): void => {
    this.#busySeen = now()
  }
}
