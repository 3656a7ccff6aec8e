import { once } from 'node:events'
import { type AddressInfo, type Server } from 'node:net'
import { App, type Middleware } from '@ebbjs/core'
import { gracefulShutdown, type Shutdown, type ShutdownOptions, type Stoppable } from '../src'
import { Client } from './client'

/** A server in this process with a shutdown that leaves the process alone. */
export class Service {
  static readonly #all = new Set<Service>()
  readonly shutdown: Shutdown
  readonly server: Server
  readonly lines: string[] = []

  constructor(target: Stoppable, server: Server, options: ShutdownOptions) {
    this.server = server
    this.shutdown = gracefulShutdown(target, { exit: false, signals: false, logger: (line) => this.lines.push(line), ...options })
    Service.#all.add(this)
  }

  /** An App with one middleware. */
  static async start(middleware: Middleware, options: ShutdownOptions = {}): Promise<Service> {
    const app = new App()
    app.use(middleware)
    app.silent = true
    return Service.of(app, app.listen(0, '127.0.0.1'), options)
  }

  /** Whatever can be shut down, with the server that it listens by. */
  static async of(target: Stoppable, server: Server, options: ShutdownOptions = {}): Promise<Service> {
    const service = new Service(target, server, options)
    if (!server.listening) await once(server, 'listening')
    return service
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  connect(): Promise<Client> {
    return Client.connect(this.port)
  }

  /** Resolves when the listener is closed: from here on those on open connections are told to leave. */
  async draining(): Promise<void> {
    if (this.server.listening) await once(this.server, 'close')
  }

  /** For `afterEach`: ends what a failed test has left. */
  static async stopAll(): Promise<void> {
    for (const { shutdown } of Service.#all) await shutdown.stop('afterEach', { timeout: 1, delay: 0 })
    Service.#all.clear()
    Client.closeAll()
  }
}

/** A promise that the test releases. */
export class Gate<T = void> {
  readonly open: (value: T) => void
  readonly opened: Promise<T>

  constructor() {
    let open: ((value: T) => void) | undefined
    this.opened = new Promise((resolve) => (open = resolve))
    this.open = open as unknown as (value: T) => void
  }
}
