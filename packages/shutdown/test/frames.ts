import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Types of frames (RFC 9113 §6). */
export const DATA = 0
export const HEADERS = 1
export const SETTINGS = 4
export const PING = 6
export const GOAWAY = 7
const ACK = 1
const END_STREAM_AND_HEADERS = 5
/** Of a GOAWAY that says no more than that one will come. */
export const HIGHEST_ID = 2 ** 31 - 1

interface Frame {
  type: number
  flags: number
  stream: number
  payload: Buffer
}

/** A client of HTTP/2 that does what the test says, frame by frame, and nothing else. */
export class FrameClient {
  static readonly #all = new Set<FrameClient>()
  readonly socket: Socket
  readonly frames: Frame[] = []
  #bytes = Buffer.alloc(0)
  #waiting: (() => void)[] = []

  private constructor(socket: Socket) {
    this.socket = socket
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#read()
    })
    for (const event of ['end', 'close']) this.socket.on(event, () => this.#wake())
    FrameClient.#all.add(this)
  }

  /** Says nothing yet. */
  static async connect(port: number, secure = false): Promise<FrameClient> {
    const options = { port, host: '127.0.0.1', allowHalfOpen: true }
    const socket = secure ? connectTls({ ...options, ALPNProtocols: ['h2'], rejectUnauthorized: false }) : connect(options)
    const client = new FrameClient(socket)
    await once(socket, secure ? 'secureConnect' : 'connect')
    return client
  }

  /** A session whose SETTINGS both sides have acknowledged. */
  static async session(port: number, secure = false): Promise<FrameClient> {
    const client = (await FrameClient.connect(port, secure)).preface()
    await client.next(({ type, flags }) => type === SETTINGS && flags !== ACK)
    client.send(SETTINGS, ACK)
    client.send(PING, 0, 0, Buffer.alloc(8)) // whose acknowledgement comes after ours of SETTINGS is read
    await client.next(({ type }) => type === PING)
    return client
  }

  /** For `afterEach`. */
  static closeAll(): void {
    for (const { socket } of FrameClient.#all) socket.destroy()
    FrameClient.#all.clear()
  }

  preface(): this {
    this.socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    return this.send(SETTINGS, 0)
  }

  send(type: number, flags: number, stream = 0, payload: Buffer = Buffer.alloc(0)): this {
    const head = Buffer.alloc(9)
    head.writeUIntBE(payload.length, 0, 3)
    head[3] = type
    head[4] = flags
    head.writeUInt32BE(stream, 5)
    this.socket.write(Buffer.concat([head, payload]))
    return this
  }

  get(path: string, stream: number): this {
    const literal = (index: number, text: string) => Buffer.concat([Buffer.from([0x40 | index, text.length]), Buffer.from(text)])
    return this.send(HEADERS, END_STREAM_AND_HEADERS, stream, Buffer.concat([Buffer.from([0x82, 0x86]), literal(4, path), literal(1, 'localhost')]))
  }

  acknowledge({ payload }: Frame): this {
    return this.send(PING, ACK, 0, payload)
  }

  /**
   * The first frame, of all that have come or will, that fits.
   * @throws Error if the connection ends without it
   */
  async next(fits: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(fits)
      if (found !== undefined) return found
      if (this.socket.readableEnded || this.socket.closed) throw new Error(`The connection ended after ${JSON.stringify(this.frames)}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Of each GOAWAY that has come, the last stream that it says was served. */
  get lastStreams(): number[] {
    return this.frames.filter(({ type }) => type === GOAWAY).map(({ payload }) => payload.readUInt32BE(0))
  }

  goaway(lastStream: number): Promise<Frame> {
    return this.next(({ type, payload }) => type === GOAWAY && payload.readUInt32BE(0) === lastStream)
  }

  #read(): void {
    while (this.#bytes.length >= 9) {
      const end = 9 + this.#bytes.readUIntBE(0, 3)
      if (this.#bytes.length < end) break
      const [type, flags] = [this.#bytes[3] as number, this.#bytes[4] as number]
      this.frames.push({ type, flags, stream: this.#bytes.readUInt32BE(5), payload: this.#bytes.subarray(9, end) })
      this.#bytes = this.#bytes.subarray(end)
    }
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
