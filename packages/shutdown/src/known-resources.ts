import { awaitedCall, firstOf, has, read } from './awaited-call'
import { now, settledBy } from './clock'
import { isSocketIo } from './socket-io'

/** How long (ms) the other side of a Duplex that was ended is waited for: a peer may keep its half open for ever. */
const DUPLEX_GRACE = 100

/** A kind of resource for which the first of its methods would be wrong; told by its shape, so that nothing is loaded. */
interface Kind {
  is(resource: object): boolean
  close(resource: object): Promise<unknown>
}

const kinds: readonly Kind[] = [
  { // of the process itself, whose last lines are still to come
    is: (resource) => resource === process.stdout || resource === process.stderr,
    close: (stream) => new Promise((resolve) => (stream as NodeJS.WriteStream).write('', resolve)),
  },
  { // `Symbol.asyncDispose` of a stream destroys it, with all that was not yet written
    is: isWritable,
    close: endWritable,
  },
  { // socket.io, whose `close` throws where it was never attached to a server
    is: isSocketIo,
    close: async (io) => {
      if (read(io, 'engine') !== undefined) await awaitedCall(io, 'close')
    },
  },
  { // redis 5 and later: `quit` is the old way, and hangs while the server is away
    is: (resource) => has(resource, 'quit', 'close') && typeof read(resource, 'isOpen') === 'boolean',
    close: (client) => awaitedCall(client, 'close'),
  },
  { // redis 4, where the same is true of `quit`, without another way
    is: (resource) => has(resource, 'quit', 'disconnect') && typeof read(resource, 'isOpen') === 'boolean',
    close: (client) => awaitedCall(client, read(client, 'isReady') === false ? 'disconnect' : 'quit'),
  },
  { // ioredis: `quit` would connect a client that never was, and wait for a server that is away
    is: (resource) => has(resource, 'quit', 'disconnect') && typeof read(resource, 'status') === 'string',
    close: (client) => awaitedCall(client, ['wait', 'reconnecting', 'close'].includes(read(client, 'status') as string) ? 'disconnect' : 'quit'),
  },
  { // a consumer of kafkajs: `disconnect` stops it, too, `stop` leaves it connected
    is: (resource) => has(resource, 'subscribe', 'run', 'stop', 'disconnect'),
    close: (consumer) => awaitedCall(consumer, 'disconnect'),
  },
  { // nats: `close` drops what it has not yet sent and its subscriptions have not yet seen; BullMQ's `drain` deletes jobs
    is: (resource) => has(resource, 'publish', 'isDraining', 'isClosed', 'drain'),
    close: async (connection) => {
      if (!(connection as { isClosed(): boolean }).isClosed()) await awaitedCall(connection, 'drain')
    },
  },
  { // generic-pool, whose `destroy` is about one member
    is: (resource) => has(resource, 'acquire', 'drain', 'clear'),
    close: async (pool) => {
      await awaitedCall(pool, 'drain')
      await awaitedCall(pool, 'clear')
    },
  },
  { // a logger of pino, which owns no stream but can flush it
    is: (resource) => has(resource, 'flush', 'child', 'bindings'),
    close: (logger) => awaitedCall(logger, 'flush'),
  },
]

/** @returns what closes a resource of these kinds, or undefined for all others */
export function closerOfKnown(resource: object): (() => Promise<unknown>) | undefined {
  const kind = kinds.find(({ is }) => is(resource))
  return kind && (() => kind.close(resource))
}

/**
 * Streams of node:stream, and what stands for them: pino's transport, winston's logger, pino's destination, which lacks
 * `writableEnded`. Not every object with `write` and `end`: a connection of mysql2 has both.
 */
function isWritable(resource: object): boolean {
  if (!has(resource, 'write', 'end', 'once')) return false
  return typeof read(resource, 'writableEnded') === 'boolean' || has(resource, 'flushSync', 'reopen')
}

/** Ends it, and waits until all is written; a Duplex is given a moment for its other side, and left then. */
async function endWritable(stream: object): Promise<void> {
  const { writableEnded, writableFinished, readable } = stream as Readonly<Record<string, unknown>>
  if (writableFinished === true) return
  const finished = firstOf(stream, ['finish', 'close'])
  const closed = firstOf(stream, ['close'])
  closed.catch(() => {}) // `finished` has it
  if (writableEnded !== true) (stream as { end(): unknown }).end()
  await finished
  if (readable === true) await settledBy(closed, now() + DUPLEX_GRACE)
}
