import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type ServerHttp2Session } from 'node:http2'
import { Server, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { has, read } from './awaited-call'
import { PlainTarget } from './plain-target'
import { closerOf, nameOf as hookNameOf } from './resource'

/** One request in flight, as an App's Context states it. */
export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** When it arrived (ms since the epoch). */
  readonly startedAt: number
  /** What it waits for; in 'background' its response is closed. */
  readonly phase: 'handler' | 'response' | 'background'
  /** What the drain does to it: 'end' aborts it at once, 'serve' not before the cut. Default 'finish'. */
  readonly stopPolicy?: 'end' | 'finish' | 'serve' | undefined
  /** The route that matched, where a router says so. */
  readonly _matchedRoute?: unknown
  /** Tells its handler to stop, where it can be told. Ends no response. */
  abort(reason?: unknown): void
}

/** The path without its query, for display; a handler may have set `req.url` to anything. */
export function pathOf({ url }: { readonly url?: unknown }): string {
  return String(url ?? '').split('?', 1)[0] as string
}

/** What begins when the listener is closed. */
export interface Stop {
  cause: string
  /** The moment (ms since the epoch) at which requests left will be aborted. */
  abortAt: number
  /** Asked for each request that arrives from now on: false answers it 503. */
  admit: (exchange: Exchange) => boolean
  /** Time (ms) over which requests that watch for it are told, where they can be. */
  spread?: number
}

/**
 * What can be shut down: facts, and verbs that hold and turn away. `App` of @ebbjs/core fits as it is,
 * any server of Node's through PlainTarget.
 */
export interface Target {
  readonly servers: ReadonlySet<Server>
  /** Open sockets; of TLS the raw one before the handshake, the TLSSocket after it. */
  readonly connections: ReadonlySet<Socket>
  readonly sessions: ReadonlySet<ServerHttp2Session>
  readonly inflight: ReadonlySet<Exchange>
  /** Resolves when nothing is in flight. */
  idle(): Promise<void>
  /** New requests wait until the returned function is called. */
  hold(): () => void
  /** @returns the reason that requests of this stop abort with */
  beginStop(stop: Stop): Error
  /** The stop begins: where requests reach the handlers by the server's own listeners, stand between. */
  takeOver?(): void
  /** Nothing more is asked of it: listeners on servers are taken back. */
  release?(): void
}

/** A server of Node's, or an object that has one: an instance of Fastify, of Nest, of Hapi. */
export type Stoppable = Target | Server | { readonly server: Server } | { getHttpServer(): unknown } | { readonly listener: Server }

/**
 * @returns a Target for each of what was given
 * @throws TypeError for what is neither an App nor a server, a Koa or Express app among them
 */
export function targetsOf(given: Stoppable | readonly Stoppable[]): Target[] {
  // All are looked at before the first gets a listener.
  return subjectsOf(given).map((one) => (isTarget(one) ? one : new PlainTarget(one)))
}

/** The Apps and servers themselves: what makes two calls mean the same. */
export function subjectsOf(given: Stoppable | readonly Stoppable[]): (Target | Server)[] {
  if (Array.isArray(given)) return given.flatMap((one: Stoppable) => subjectsOf(one))
  const one = given as Stoppable
  if (isTarget(one)) return [one]
  const server = serverOf(one)
  if (server !== undefined) return [server]
  throw new TypeError(
    `Cannot shut down ${nameOf(one)}: it must be an App, a server of net, http, https or http2, an array of these, ` +
      `or an object whose server is one (of a Koa or Express app, pass what listen() returned)`,
  )
}

/** Whether `targetsOf` takes it. */
export function isStoppable(value: unknown): value is Stoppable {
  return isTarget(value) || serverOf(value) !== undefined
}

/** What `subjectsOf` says of it. */
export function identityOf(target: Target): object {
  return target instanceof PlainTarget ? target.server : target
}

function isTarget(value: unknown): value is Target {
  if (typeof value !== 'object' || value === null) return false
  const { servers, connections, inflight, idle, hold, beginStop } = value as Partial<Target>
  return (
    servers instanceof Set &&
    connections instanceof Set &&
    inflight instanceof Set &&
    typeof idle === 'function' &&
    typeof hold === 'function' &&
    typeof beginStop === 'function'
  )
}

/** What a framework's instance has to close beside its server. */
export interface OwnClose {
  readonly name: string
  readonly close: () => Promise<void>
}

/**
 * The ends that objects with a server have of their own: Fastify's runs its onClose hooks, Nest's those of its modules.
 * They close the server, too, with Node's sweep over idle connections: only once it is drained do they lose nothing.
 */
export function ownClosesOf(given: Stoppable | readonly Stoppable[]): OwnClose[] {
  if (Array.isArray(given)) return given.flatMap((one: Stoppable) => ownClosesOf(one))
  const one = given as Stoppable
  if (isTarget(one) || one instanceof Server) return []
  const methods = [Symbol.asyncDispose, 'close', 'stop'].filter((key) => has(one, key))
  if (methods.length === 0) return []
  const plugin = read(one, 'pluginName') // of Fastify, whose instances have no class
  return [{ name: typeof plugin === 'string' ? plugin : hookNameOf(one), close: closerOf(one, methods) }]
}

/** By `server` (Fastify, Restify), `getHttpServer()` (Nest) or `listener` (Hapi). */
function serverOf(value: unknown): Server | undefined {
  if (value instanceof Server) return value
  if (typeof value !== 'object' || value === null) return undefined
  return ['server', 'listener'].map((key) => read(value, key)).concat(httpServerOf(value)).find((found) => found instanceof Server)
}

function httpServerOf(value: object): unknown {
  try {
    return (value as { getHttpServer?(): unknown }).getHttpServer?.()
  } catch {
    return undefined
  }
}

function nameOf(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`
  if (typeof value !== 'object' || value === null) return inspect(value)
  const { name } = value.constructor ?? Object
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`
}
