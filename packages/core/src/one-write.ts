import { type IncomingMessage, ServerResponse } from 'node:http'

interface Sender {
  _send(piece: string | Uint8Array, encoding?: BufferEncoding, callback?: () => void, length?: number): boolean
}

/** ServerResponse with what its types leave out. */
interface SenderClass extends Pick<typeof ServerResponse, keyof typeof ServerResponse> {
  new <Req extends IncomingMessage>(req: Req, options?: object): ServerResponse<Req> & Sender
}

// Symbols: middleware gives a response properties of all names.
const text = Symbol('text')
const isHeld = Symbol('is held')
const heldCallback = Symbol('held callback')

/**
 * `end(text)` of most versions of Node sends the text, and then an empty string whose callback tells that all is written.
 * Here the text is held until that callback comes, and goes out with it, as it does since Node 24.21 and 26.8.
 * Nobody else's code runs in between. An `end` with an encoding or a callback is left alone.
 */
export class JoinedResponse<Req extends IncomingMessage = IncomingMessage> extends (ServerResponse as SenderClass)<Req> {
  /** What `end` has been given, while it runs. */
  private [text]: string | undefined = undefined
  private [isHeld] = false
  private [heldCallback]: (() => void) | undefined = undefined

  // Without it, fields have JavaScript make one that passes its arguments on in an array.
  constructor(req: Req, options?: object) {
    super(req, options)
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    const isAlone = encoding === undefined && callback === undefined && !this.strictContentLength
    if (!isAlone || typeof chunk !== 'string' || chunk === '') return super.end(chunk, encoding as BufferEncoding, callback as () => void)
    this[text] = chunk
    try {
      return super.end(chunk)
    } finally {
      if (this[isHeld]) this.sendHeld(this[heldCallback]) // by a Node that sends no empty string
      this[text] = undefined
    }
  }

  /** Node's own, by which `write` and `end` send everything: lib/_http_outgoing.js, v20.20. */
  override _send(piece: string | Uint8Array, encoding?: BufferEncoding, callback?: () => void, length?: number): boolean {
    if (this[isHeld]) {
      if (piece === '') return this.sendHeld(callback)
      this.sendHeld(this[heldCallback]) // it was somebody's own, written while the head was made
    }
    if (piece !== this[text] || this.chunkedEncoding) return super._send(piece, encoding, callback, length)
    this[isHeld] = true
    this[heldCallback] = callback
    return true // which `end` does not look at
  }

  private sendHeld(callback: (() => void) | undefined): boolean {
    this[isHeld] = false
    return super._send(this[text] as string, undefined, callback)
  }
}

/** Whether Node does so by itself. Where this were wrong, responses would cost more, and no more than that. */
function isJoinedByNode(): boolean {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
  return major > 26 || (major === 26 && minor >= 8) || (major === 24 && minor >= 21)
}

/**
 * A ServerResponse whose `end(text)` sends head and text in one write, on every version of Node.
 * Two make a writev, which costs 8k instructions more (Node 20): docs/decisions/0005.
 */
export const OneWriteResponse = (isJoinedByNode() ? ServerResponse : JoinedResponse) as SenderClass
