import { createServer as createHttpServer, Server as HttpServer } from 'node:http'
import { Server } from 'node:net'
import { now, setImmediate, setTimeout, settledBy } from './clock'
import { plug } from './node/plug'
import { standIn } from './stand-in'
import { keepPath } from './unix-path'

/** The time (ms) without a new connection after which the queue is looked at: a client may send half a round trip before its connection is in it. */
const QUIET_TIME = 10
/** How long (ms) the last look may take: a client that comes in the middle of a longer turn is not seen. */
const SHORT_TURN = 0.1
/** After so long (ms) it is looked at in each turn. */
const CAP = 200
/** After so many looks more, clients that keep coming are not waited for: Node accepts one a turn, the queue has 511. */
const TRIES = 600
/** So many looks, or ms, after the cap double what a look may take: some loops have no short turns. */
const DOUBLING = 50
/** How often it is tried to keep others out of an empty queue: a firewall may let nobody connect to himself. */
const PLUGS = 10
/** How long (ms) it is waited for the end of listeners that nobody knows. */
const WARM_UP = 100

/**
 * Closes each listener in the very moment in which its accept queue is seen to be empty: a listener that closes resets
 * what is still in it, and libuv accepts one connection a poll.
 * Call it while new requests are held and nobody is told to leave: whoever is sent away before the listener is gone comes
 * back to this very process.
 * It sleeps until no connection has come for 10 ms; a loop that spins is preempted just before it decides. Then it looks
 * from one check phase to the next, with the poll between them, and closes within the look that found nothing, while a
 * connection of our own keeps others out of the queue where that is possible.
 * @param latest - the moment at which it closes whatever comes
 * @param handover - paths of unix sockets are kept for those who take over
 * @returns when all are closed that listen; never rejects. Those that are about to listen are closed as soon as they do
 */
export async function closeListeners(servers: Iterable<Server>, latest = Infinity, handover = false): Promise<void> {
  const all = [...servers]
  const closings = all.filter((server) => server.listening).map((server) => new Closing(server, latest, handover))
  const warm = closings.length > 0 ? warmUp() : undefined
  const capAt = now() + CAP
  for (const closing of closings) await closing.closeWhenQuiet(QUIET_TIME, capAt) // each has its own last look
  stopListening(all.filter((server) => !closings.some((closing) => closing.server === server)), handover)
  if (warm !== undefined) await settledBy(warm, now() + WARM_UP) // so that nothing of it is left when the stop has ended
}

/** A listener that is watched from the beginning, and closed when its turn has come. */
class Closing {
  readonly server: Server
  readonly #latest: number
  readonly #handover: boolean
  #capAt = 0
  #quietTime = 0
  /** When a connection came last, and whether one came in this look. */
  #last = now()
  #any = false
  #tries = 0
  #plugs = PLUGS
  #closed: () => void = () => {}

  constructor(server: Server, latest: number, handover: boolean) {
    this.server = server
    this.#latest = latest
    this.#handover = handover
    server.on('connection', this.#note)
    server.on('drop', this.#note) // by maxConnections: it was in the queue, too
  }

  readonly #note = (): void => {
    this.#any = true
    this.#last = now()
  }

  /** @returns when it is closed */
  closeWhenQuiet(quietTime: number, capAt: number): Promise<void> {
    this.#quietTime = quietTime
    this.#capAt = capAt
    return new Promise((resolve) => {
      this.#closed = resolve
      this.#rest(0)
    })
  }

  readonly #rest = (atLeast: number): void => {
    const at = now()
    const wait = Math.min(Math.max(this.#last + this.#quietTime - at, atLeast), this.#capAt - at, this.#latest - at)
    if (wait > 0) setTimeout(this.#rest, wait, 0)
    else setImmediate(this.#look)
  }

  /** From a timer or a check phase there is a poll before the next check phase; from a poll there is none. */
  readonly #look = (): void => {
    this.#any = false
    setImmediate(this.#decide, now())
  }

  readonly #decide = (begun: number): void => {
    const at = now()
    const longest = SHORT_TURN * 2 ** Math.floor(Math.max(this.#tries, at - this.#capAt, 0) / DOUBLING)
    if (this.#tries >= TRIES || at >= this.#latest) this.#close()
    else if (this.#any || at - begun > longest) this.#goOn(at)
    else if (this.#plugs-- <= 0 || !plug(this.server, this.#plugged)) this.#close()
  }

  readonly #plugged = (isClear: boolean): void => {
    if (isClear) this.#close()
    else this.#goOn(now())
  }

  #goOn(at: number): void {
    if (at < this.#capAt) {
      this.#rest(1)
    } else {
      this.#tries++
      setImmediate(this.#look)
    }
  }

  #close(): void {
    closeListener(this.server, this.#handover)
    this.server.off('connection', this.#note)
    this.server.off('drop', this.#note)
    this.#closed()
  }
}

/**
 * The first close of a process takes 190-270 µs, in which clients come, and later ones 20-35 µs: so the first two are of
 * listeners that nobody knows. Where they cannot listen, nothing is lost by it but time.
 */
function warmUp(): Promise<unknown> {
  return Promise.all([1, 2].map(() => new Promise<void>((resolve) => {
    const server = createHttpServer()
    server.on('error', () => resolve())
    server.on('close', () => resolve())
    server.on('listening', () => void new Closing(server, now() + QUIET_TIME, false).closeWhenQuiet(0, now() + 1))
    try {
      server.listen({ port: 0, host: '127.0.0.1', exclusive: true })
    } catch {
      resolve() // Node may be told to allow none.
    }
  })))
}

/**
 * Stops listening, and nothing else. A server that is about to listen is closed as soon as it does.
 * @param handover - paths of unix sockets are kept for those who take over
 */
export function stopListening(servers: Iterable<Server>, handover = false): void {
  for (const server of servers) {
    if (server.listening) closeListener(server, handover)
    else if (!waiting.has(server)) {
      const close = (): void => closeListener(server, handover)
      waiting.set(server, close)
      server.on('listening', close)
    }
  }
}

/** What closes servers as soon as they listen. */
const waiting = new WeakMap<Server, () => void>()

/** Servers that did not listen may from now on: for a process that lives on. */
export function letListen(servers: Iterable<Server>): void {
  for (const server of servers) {
    const close = waiting.get(server)
    if (close !== undefined) server.off('listening', close)
    waiting.delete(server)
  }
}

/** Whatever others have put in the place of `close`: they may end what is still being sent. */
function closeListener(server: Server, handover: boolean): void {
  if (!server.listening) return
  keepPath(server, handover, () => {
    try {
      if ('closeIdleConnections' in server) closeHttp(server)
      else Server.prototype.close.call(server)
    } catch {
      Server.prototype.close.call(server)
    }
  })
}

/**
 * http's own close also stops an interval that keeps the server from being collected. But first it ends connections whose
 * response is ended and not yet flushed to a slow reader, and truncates it (lib/_http_server.js, closeIdleConnections,
 * v20.20): so this server has none for a moment. http2's own close ends its sessions on newer Nodes.
 */
function closeHttp(server: Server): void {
  const restore = standIn(server, 'closeIdleConnections', () => {})
  try {
    if (restore === undefined) Server.prototype.close.call(server)
    else HttpServer.prototype.close.call(server as HttpServer)
  } finally {
    restore?.()
  }
}
