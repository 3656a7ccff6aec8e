import { type IncomingMessage, ServerResponse } from 'node:http'

interface Sender {
  _send(piece: string | Uint8Array, encoding?: BufferEncoding | null, callback?: () => void, length?: number): boolean
}

/** ServerResponse with what its types leave out. */
interface SenderClass extends Pick<typeof ServerResponse, keyof typeof ServerResponse> {
  new <Req extends IncomingMessage>(req: Req, options?: object): ServerResponse<Req> & Sender
}

// Symbols: middleware gives a response properties of all names.
/** What `end` was given, until it comes to be sent. */
const text = Symbol('text')
/** The same, until what follows it comes. */
const held = Symbol('held')
const heldCallback = Symbol('held callback')

/** Whether an empty string follows. */
let isFollowed = true

/**
 * `end(text)` of most versions of Node sends the text, and then an empty string whose callback tells that all is written.
 * Here the text is held until that callback comes, and goes out with it, as it does since Node 24.21 and 26.8.
 * An `end` with an encoding or a callback is left alone, and one in which somebody writes.
 */
export class JoinedResponse<Req extends IncomingMessage = IncomingMessage> extends (ServerResponse as SenderClass)<Req> {
  private [text]: string | undefined = undefined
  private [held]: string | undefined = undefined
  private [heldCallback]: (() => void) | undefined = undefined

  // Without it, fields have JavaScript make one that passes its arguments on in an array.
  constructor(req: Req, options?: object) {
    super(req, options)
  }

  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    this[text] = undefined // within `end`, by what somebody has put in the place of Node's `writeHead` or `end`
    return super.write(chunk, encoding as BufferEncoding, callback as () => void)
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    const isAlone = encoding === undefined && callback === undefined && !this.strictContentLength
    if (!isAlone || typeof chunk !== 'string' || chunk === '') return super.end(chunk, encoding as BufferEncoding, callback as () => void)
    if (isFollowed) this[text] = chunk
    try {
      const ended = super.end(chunk)
      if (this[held] !== undefined) isFollowed = false
      return ended
    } finally {
      this[text] = undefined
      if (this[held] !== undefined) this.sendHeld(this[heldCallback])
    }
  }

  /** Node's own, by which `write` and `end` send everything: lib/_http_outgoing.js, v20.20. */
  override _send(piece: string | Uint8Array, encoding?: BufferEncoding | null, callback?: () => void, length?: number): boolean {
    if (this[held] !== undefined) {
      if (piece === '') return this.sendHeld(callback)
      this.sendHeld(this[heldCallback])
    }
    if (piece !== this[text] || encoding != null || this.chunkedEncoding) return super._send(piece, encoding, callback, length)
    this[text] = undefined
    this[held] = piece as string
    this[heldCallback] = callback
    return true // which `end` does not look at
  }

  private sendHeld(callback: (() => void) | undefined): boolean {
    const piece = this[held] as string
    this[held] = undefined
    return super._send(piece, undefined, callback)
  }
}

/** Whether Node does so by itself. A wrong answer costs speed; the text is sent all the same. */
function isJoinedByNode(): boolean {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
  return major > 26 || (major === 26 && minor >= 8) || (major === 24 && minor >= 21)
}

/**
 * A ServerResponse whose `end(text)` sends head and text in one write, on every version of Node.
 * Two make a writev, which costs 8k instructions more (Node 20): docs/decisions/0005.
 */
export const OneWriteResponse = (isJoinedByNode() ? ServerResponse : JoinedResponse) as SenderClass
