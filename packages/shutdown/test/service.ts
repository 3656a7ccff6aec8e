import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, type Server } from 'node:net'
import path from 'node:path'
import { Server as TlsServer } from 'node:tls'
import { App, type Middleware } from '@ebbjs/core'
import { gracefulShutdown, type Shutdown, type ShutdownOptions, type Stoppable } from '../src'
import { Client } from './client'

/** What a connection's behaviour must not depend on. */
export type Kind = (typeof kinds)[number]
export const kinds = ['http, App', 'http, bare', 'https, App', 'https, bare'] as const

export const certificate = {
  key: readFileSync(path.join(__dirname, 'fixtures/localhost.key')),
  cert: readFileSync(path.join(__dirname, 'fixtures/localhost.crt')),
}

/** A server in this process with a shutdown that leaves the process alone. */
export class Service {
  static readonly #all = new Set<Service>()
  readonly shutdown: Shutdown
  readonly server: Server
  readonly lines: string[] = []
  /** Where it listens or, once stopped, listened. */
  port = 0
  readonly #draining = new Gate()

  constructor(target: Stoppable, server: Server, options: ShutdownOptions) {
    this.server = server
    this.shutdown = gracefulShutdown(target, { exit: false, signals: false, logger: (line) => this.lines.push(line), ...options })
    this.shutdown.loop('test', (stopping) => once(stopping, 'abort').then(() => this.#draining.open()))
    Service.#all.add(this)
  }

  /** An App with one middleware. */
  static async start(middleware: Middleware, options: ShutdownOptions = {}): Promise<Service> {
    const app = new App()
    app.use(middleware)
    app.silent = true
    return Service.of(app, app.listen(0, '127.0.0.1'), options)
  }

  /** A 'request' listener of node:http, behind an App or on a bare server of Node's. */
  static async handle(kind: Kind, listener: RequestListener, options: ShutdownOptions = {}): Promise<Service> {
    const tls = kind.startsWith('https') ? certificate : undefined
    const app = new App()
    app.use((ctx) => {
      ctx.respond = false
      ctx.res.statusCode = 200
      listener(ctx.req, ctx.res)
    })
    const listens = kind.endsWith('App') ? app.callback() : listener
    const server = tls ? createHttpsServer(tls, listens as RequestListener) : createServer(listens as RequestListener)
    if (kind.endsWith('App')) app.attach(server)
    return Service.of(kind.endsWith('App') ? app : server, server.listen(0, '127.0.0.1'), options)
  }

  /** Whatever can be shut down, with the server that it listens by. */
  static async of(target: Stoppable, server: Server, options: ShutdownOptions = {}): Promise<Service> {
    const service = new Service(target, server, options)
    if (!server.listening) await once(server, 'listening')
    service.port = (server.address() as AddressInfo).port
    return service
  }

  connect(): Promise<Client> {
    return this.server instanceof TlsServer ? Client.secure(this.port) : Client.connect(this.port)
  }

  /** Resolves when the listener is closed: from here on those on open connections are told to leave. */
  draining(): Promise<void> {
    return this.#draining.opened
  }

  /** For `afterEach`: ends what a failed test has left. */
  static async stopAll(): Promise<void> {
    for (const { shutdown } of Service.#all) await shutdown.stop('afterEach', { timeout: 100, delay: 0, abortAfter: 0 })
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
