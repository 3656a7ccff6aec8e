import { type IncomingMessage, ServerResponse } from 'node:http'

/** What is sent of a response at once. */
type Piece = string | Uint8Array

/** Node's ServerResponse with what its types leave out. */
const NodeResponse = ServerResponse as unknown as NodeResponse
interface NodeResponse extends Pick<typeof ServerResponse, keyof typeof ServerResponse> {
  new <Req extends IncomingMessage>(req: Req, options?: object): ServerResponse<Req> & Sender
}
interface Sender {
  _send(piece: Piece, encoding?: BufferEncoding, callback?: () => void, length?: number): boolean
}

/**
 * Node before 24 follows the last piece of a body with an empty string, for the callback that says that all is written.
 * Here the piece waits for that callback, and head and body are one write, as they are in Node 24.
 */
class JoinedResponse<Req extends IncomingMessage> extends NodeResponse<Req> {
  private ending = false
  private waiting: Piece | undefined = undefined
  private waitingEncoding: BufferEncoding | undefined = undefined

  // Without it, fields have JavaScript make one that passes its arguments on in an array.
  constructor(req: Req, options?: object) {
    super(req, options)
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    this.ending = true
    try {
      return super.end(chunk, encoding as BufferEncoding, callback as () => void)
    } finally {
      this.ending = false
      if (this.waiting !== undefined) this.sendWaiting() // it has failed in between
    }
  }

  /** Node's own, by which `write` and `end` send everything: lib/_http_outgoing.js, v20.20. */
  override _send(piece: Piece, encoding?: BufferEncoding, callback?: () => void, length?: number): boolean {
    if (!this.ending || this.chunkedEncoding) return super._send(piece, encoding, callback, length)
    if (this.waiting !== undefined) {
      const sent = this.sendWaiting(piece === '' ? callback : undefined)
      if (piece === '') return sent
    } else if (piece === '') {
      return super._send(piece, encoding, callback, length)
    }
    this.waiting = piece
    this.waitingEncoding = encoding
    return true
  }

  private sendWaiting(callback?: () => void): boolean {
    const piece = this.waiting as Piece
    this.waiting = undefined
    return super._send(piece, this.waitingEncoding, callback)
  }
}

/** Counts what `end(body)` sends. */
class Probe extends NodeResponse<IncomingMessage> {
  pieces = 0

  override _send(): boolean {
    this.pieces++
    return true
  }
}

function sendsTwo(): boolean {
  const probe = new Probe({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1 } as IncomingMessage)
  probe.sendDate = false // it would start a timer
  probe.end('body')
  return probe.pieces === 2
}

/**
 * A ServerResponse whose `end(body)` makes one write, on Node 20 and 22 too.
 * Two cost 8k instructions of 49k more (Node 20), for Node then hands their list to the kernel.
 */
export const OneWriteResponse: NodeResponse = sendsTwo() ? JoinedResponse : NodeResponse
