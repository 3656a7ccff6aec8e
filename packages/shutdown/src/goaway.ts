import { type ServerHttp2Session } from 'node:http2'
import { type Socket } from 'node:net'
import { now, settledBy, until } from './clock'
import { writeShutdownNotice } from './node/shutdown-notice'

/** How long (ms) a client may take to acknowledge what we say to it, before it is told the rest. */
const PATIENCE = 1_000
/** How long (ms) a connection that is busy is left alone before it is looked at again: no event tells when it is not. */
const BUSY_PAUSE = 5

/**
 * Ends a session in two steps (RFC 9113 §6.8): the client is told to open no more streams; those that it has opened
 * before it knew arrive within a round trip and are served; then it is told which was the last, and the session closes
 * when its streams have. Where the first step cannot be said, over TLS, the second follows at once.
 * A session whose client has not acknowledged our SETTINGS has just begun: its first requests are waited for.
 */
export async function sayGoAway(session: ServerHttp2Session): Promise<void> {
  const latest = now() + PATIENCE
  const ended = new Promise<void>((resolve) => session.once('close', resolve))
  const happens = (begin: (done: () => void) => void) => settledBy(Promise.race([ended, new Promise<void>(begin)]), latest)
  if (session.pendingSettingsAck) await happens((done) => session.once('localSettings', done))
  if (!session.pendingSettingsAck && (await noticed(session, latest))) await happens((done) => void ping(session, done))
  session.close()
}

/** @returns whether the client has been told to open no more streams */
async function noticed(session: ServerHttp2Session, latest: number): Promise<boolean> {
  for (;;) {
    const socket = socketOf(session)
    const answer = socket === undefined || session.closed ? 'impossible' : writeShutdownNotice(socket)
    if (answer !== 'busy' || now() > latest) return answer === 'written'
    await until(now() + BUSY_PAUSE)
  }
}

/** The acknowledgement of a PING comes behind all that the client had sent before it read our frames. */
function ping(session: ServerHttp2Session, done: () => void): void {
  try {
    session.ping(done)
  } catch {
    done() // it is destroyed
  }
}

/** The socket itself: `session.socket` is a proxy that lets one neither write nor destroy. */
export function socketOf(session: ServerHttp2Session): Socket | undefined {
  try {
    return session.socket.off('close', none)
  } catch {
    return undefined // the session is destroyed
  }
}

function none(): void {}
