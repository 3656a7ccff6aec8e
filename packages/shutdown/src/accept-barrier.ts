import { createServer as createHttpServer, Server as HttpServer } from 'node:http'
import { Server } from 'node:net'
import { now, setImmediate, setTimeout } from './clock'
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

/**
 * Closes each listener in the very moment in which its accept queue is seen to be empty: a listener that closes resets
 * what is still in it, and libuv accepts one connection a poll.
 * Call it while new requests are held and nobody is told to leave: whoever is sent away before the listener is gone comes
 * back to this very process.
 * It sleeps until no connection has come for 10 ms; a loop that spins is preempted just before it decides. Then it looks
 * from one check phase to the next, with the poll between them, and closes within the look that found nothing.
 * @param latest - the moment at which it closes whatever comes
 * @param handover - paths of unix sockets are kept for those who take over
 * @returns when all are closed that listen; never rejects. Those that are about to listen are closed as soon as they do
 */
export async function closeListeners(servers: Iterable<Server>, latest = Infinity, handover = false): Promise<void> {
  const all = [...servers]
  const arrivals = all.filter((server) => server.listening).map((server) => new Arrivals(server))
  if (arrivals.length > 0) warmUp()
  const capAt = now() + CAP
  for (const arrival of arrivals) await closeWhenQuiet(arrival, QUIET_TIME, capAt, latest, handover) // each has its own last look
  stopListening(all.filter((server) => !arrivals.some((arrival) => arrival.server === server)), handover)
}

/** When connections came to a listener. */
class Arrivals {
  readonly server: Server
  last = now()
  /** Since somebody set it to false. */
  any = false

  constructor(server: Server) {
    this.server = server
    server.on('connection', this.#note)
    server.on('drop', this.#note) // by maxConnections: it was in the queue, too
  }

  readonly #note = (): void => {
    this.any = true
    this.last = now()
  }

  end(): void {
    this.server.off('connection', this.#note)
    this.server.off('drop', this.#note)
  }
}

function closeWhenQuiet(arrivals: Arrivals, quiet: number, capAt: number, latest: number, handover: boolean): Promise<void> {
  return new Promise((resolve) => {
    const { server } = arrivals
    let tries = 0
    const rest = (atLeast: number) => {
      const wait = Math.min(Math.max(arrivals.last + quiet - now(), atLeast), capAt - now(), latest - now())
      if (wait > 0) setTimeout(rest, wait, 0)
      else look()
    }
    // From a timer or a check phase there is a poll before the next check phase; from a poll there is none.
    const look = () => {
      setImmediate(() => {
        arrivals.any = false
        const begun = now()
        setImmediate(() => decide(begun))
      })
    }
    const decide = (begun: number) => {
      const at = now()
      const longest = SHORT_TURN * 2 ** Math.floor(Math.max(tries, at - capAt, 0) / DOUBLING)
      if ((!arrivals.any && at - begun <= longest) || tries >= TRIES || at >= latest) {
        closeListener(server, handover)
        arrivals.end()
        resolve()
      } else if (at < capAt) {
        rest(1)
      } else {
        tries++
        look()
      }
    }
    rest(0)
  })
}

/**
 * The first close of a process takes 190-270 µs, in which clients come, and later ones 20-35 µs: so the first two are of
 * listeners that nobody knows. Where they cannot listen, nothing is lost by it but time.
 */
function warmUp(): void {
  for (let i = 0; i < 2; i++) {
    try {
      const server = createHttpServer()
      server.on('error', () => {})
      server.on('listening', () => void closeWhenQuiet(new Arrivals(server), 0, now() + 1, now() + 1, false))
      server.listen({ port: 0, host: '127.0.0.1', exclusive: true })
    } catch {
      // Node may be told to allow none.
    }
  }
}

/**
 * Stops listening, and nothing else. A server that is about to listen is closed as soon as it does.
 * @param handover - paths of unix sockets are kept for those who take over
 */
export function stopListening(servers: Iterable<Server>, handover = false): void {
  for (const server of servers) {
    if (server.listening) closeListener(server, handover)
    else server.once('listening', () => closeListener(server, handover))
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
