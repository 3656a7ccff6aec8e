import { inspect } from 'node:util'
import { awaitedCall, has, read } from './awaited-call'
import { closerOfKnown } from './known-resources'

/**
 * What closes a resource, gentlest first. Where a package has several of them, the later ones are the harsher:
 * `shutdown` of a Redis client stops the server, `close` of a MySQL connection leaves without the goodbye of its `end`,
 * puppeteer's `disconnect` leaves the browser running.
 */
const METHODS: readonly PropertyKey[] = [
  '$disconnect', 'quit', Symbol.asyncDispose, 'end', 'close', 'stop', 'shutdown', 'dispose', 'disconnect', 'destroy',
]
/** By these a resource says that it is closed, or was never opened: some reject to be closed then. */
const CLOSED: readonly (readonly [property: string, value: unknown])[] = [
  ['destroyed', true], // streams, undici
  ['closed', true], // streams, BullMQ
  ['ending', true], // pg's Pool
  ['ended', true],
  ['isOpen', false], // redis, node:sqlite
  ['open', false], // better-sqlite3
  ['isInitialized', false], // TypeORM
  ['status', 'end'], // ioredis
]
/** How Node's own say the same, by an error. */
const CLOSED_CODES: readonly unknown[] = ['ERR_SERVER_NOT_RUNNING', 'ERR_SOCKET_DGRAM_NOT_RUNNING']

/**
 * @returns a function that closes `resource` the gentlest way that it has, and settles when that is done.
 * It does nothing if the resource is closed already.
 * @param methods - those that may be called, first choice first
 * @throws TypeError if it has none
 */
export function closerOf(resource: object, methods = METHODS): () => Promise<void> {
  const close = isObject(resource) ? (closerOfKnown(resource) ?? closerByMethod(resource, methods)) : undefined
  if (close === undefined) {
    const names = METHODS.map((key) => (key === Symbol.asyncDispose ? 'Symbol.asyncDispose' : String(key)))
    throw new TypeError(`Cannot add ${inspect(resource, { depth: 0, breakLength: Infinity }).slice(0, 200)}: it must have one of ${names.join(', ')}, or be a server`)
  }
  return async () => {
    if (CLOSED.some(([property, value]) => read(resource, property) === value)) return
    try {
      await close()
    } catch (error) {
      if (!CLOSED_CODES.includes((error as NodeJS.ErrnoException | undefined)?.code)) throw error
    }
  }
}

/** What the hook of a resource is called where its owner does not say: its class, also behind a Proxy such as Nest's. */
export function nameOf(resource: object): string {
  if (!isObject(resource)) return 'resource'
  const named = typeof resource === 'function' ? resource : read((Object.getPrototypeOf(resource) as object | null) ?? {}, 'constructor')
  const name = typeof named === 'function' ? named.name : ''
  return name === '' ? 'resource' : name
}

function closerByMethod(resource: object, methods: readonly PropertyKey[]): (() => Promise<void>) | undefined {
  const method = methods.find((key) => has(resource, key))
  return method === undefined ? undefined : () => awaitedCall(resource, method)
}

/** Clients of knex and postgres.js are functions. */
function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
