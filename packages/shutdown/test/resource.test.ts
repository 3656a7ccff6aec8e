import { createSocket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { createClient } from '@redis/client'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import pino from 'pino'
import winston from 'winston'
import { closerOf, nameOf } from '../src/resource'

/** How a method of a package tells that it has done its work: the promise, the callback or the event of a later turn, or at once. */
type Ends = 'promise' | 'callback' | 'event' | 'at once'

/** Each package's own ends, as their sources have them, the one that is right, and how that one tells that it is done. */
const packages: [name: string, members: string[], chosen: string, ends: Ends, facts?: object][] = [
  ['ioredis', ['quit(...args)', 'shutdown(...args)', 'end()', 'disconnect(reconnect = false)'], 'quit', 'promise', { status: 'ready' }],
  ['ioredis before it connects', ['quit(...args)', 'shutdown(...args)', 'end()', 'disconnect(reconnect = false)'], 'disconnect', 'event', { status: 'wait' }],
  ['ioredis whose server is away', ['quit(...args)', 'shutdown(...args)', 'end()', 'disconnect(reconnect = false)'], 'disconnect', 'event', { status: 'reconnecting' }],
  ['ioredis, Cluster', ['quit(callback)', 'shutdown(...args)', 'disconnect(reconnect = false)'], 'quit', 'promise', { status: 'ready' }],
  ['redis 4', ['quit()', 'shutdown(...args)', 'disconnect()'], 'quit', 'promise', { isOpen: true, isReady: true }],
  ['redis 4 whose server is away', ['quit()', 'shutdown(...args)', 'disconnect()'], 'disconnect', 'promise', { isOpen: true, isReady: false }],
  ['redis 5', ['quit()', 'close()', 'disconnect()', 'destroy()'], 'close', 'promise', { isOpen: true }],
  ['redis 5, pool', ['close()', 'destroy()'], 'close', 'promise'],
  ['BullMQ, Worker', ['close(force = false)', 'disconnect()'], 'close', 'promise', { closed: false }],
  ['BullMQ, Queue', ['close()', 'disconnect()', 'drain(delayed = false)', 'publish()'], 'close', 'promise', { closed: false }],
  ['Bull', ['close(doNotWaitJobs)', 'disconnect()'], 'close', 'promise'],
  ['bee-queue', ['close(timeout, cb)', 'destroy(cb)'], 'close', 'promise'],
  ['pg, Pool', ['end(cb)', 'connect()'], 'end', 'callback', { ended: false, ending: false }],
  ['pg, Client', ['end(cb)'], 'end', 'callback'],
  ['postgres.js', ['close()', 'end({ timeout = null } = {})'], 'end', 'promise'],
  ['mysql, Connection', ['end(options, callback)', 'destroy()'], 'end', 'callback'],
  ['mysql2, Connection', ['write(buffer)', 'close()', 'end(callback)', 'destroy()'], 'end', 'callback'],
  ['mysql2, Pool', ['end(cb)'], 'end', 'callback'],
  ['mongodb', ['Symbol.asyncDispose()', 'close(_force = false)'], 'Symbol.asyncDispose', 'promise'],
  ['mongoose', ['disconnect()'], 'disconnect', 'promise'],
  ['mongoose, Connection', ['close(force)', 'destroy(force)'], 'close', 'promise'],
  ['Prisma', ['$connect()', '$disconnect()'], '$disconnect', 'promise'],
  ['Knex', ['destroy(...args)'], 'destroy', 'promise'],
  ['Sequelize', ['close()'], 'close', 'promise'],
  ['TypeORM', ['destroy()'], 'destroy', 'promise', { isInitialized: true }],
  ['OpenTelemetry', ['start()', 'shutdown()'], 'shutdown', 'promise'],
  ['Apollo Server', ['start()', 'stop()'], 'stop', 'promise'],
  ['graphql-ws', ['dispose()'], 'dispose', 'promise'],
  ['kafkajs, Consumer', ['connect()', 'subscribe()', 'run()', 'stop(...args)', 'disconnect()'], 'disconnect', 'promise'],
  ['kafkajs, Producer', ['connect()', 'disconnect()'], 'disconnect', 'promise'],
  ['amqplib', ['close()'], 'close', 'promise'],
  ['amqplib, with callbacks', ['close(cb)'], 'close', 'callback'],
  ['nats', ['publish()', 'subscribe()', 'isClosed()', 'isDraining()', 'drain()', 'close()'], 'drain', 'promise'],
  ['undici', ['close(callback)', 'destroy(err, callback)'], 'close', 'callback', { closed: false, destroyed: false }],
  ['mqtt', ['end(force, opts, cb)'], 'end', 'callback'],
  ['tedious', ['close()'], 'close', 'event'],
  ['nodemailer', ['close(...args)'], 'close', 'at once'],
  ['better-sqlite3, libsql', ['close()'], 'close', 'at once', { open: true }],
  ['Elasticsearch', ['close()'], 'close', 'promise'],
  ['cassandra-driver', ['shutdown(callback)'], 'shutdown', 'callback'],
  ['memcached', ['end()'], 'end', 'at once'],
  ['pg-boss', ['stop(options = {})'], 'stop', 'promise'],
  ['Puppeteer', ['close()', 'disconnect()'], 'close', 'promise'],
  ['Piscina', ['Symbol.asyncDispose()', 'close(options = {})', 'destroy()'], 'Symbol.asyncDispose', 'promise'],
]

/** A resource of these members that notes which of them was called, and whether it was done. */
function shape(members: string[], ends: Ends, facts: object, noted: string[]): object {
  const resource = new EventEmitter()
  for (const member of members) {
    const [, name, params] = /^([^(]+)\((.*)\)$/.exec(member) as unknown as [string, string, string]
    const act = (args: unknown[]): unknown => {
      if (name.startsWith('is')) return false
      noted.push(name)
      const done = () => void noted.push(`${name} done`)
      if (ends === 'at once') return done()
      const later = new Promise<void>((resolve) => setImmediate(resolve)).then(done)
      if (ends === 'event') return void later.then(() => resource.emit('close'))
      if (ends === 'promise') return later
      return void later.then(() => (args.find((arg) => typeof arg === 'function') as (error?: null) => void)(null))
    }
    // Written as source: what takes a callback is told by its parameter's name.
    const make = new Function('act', `return function (${params}) { return act(Array.from(arguments)) }`) as (act: unknown) => unknown
    Object.defineProperty(resource, name === 'Symbol.asyncDispose' ? Symbol.asyncDispose : name, { value: make(act) })
  }
  return Object.assign(resource, facts)
}

describe('a resource', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ebb-resource-'))
  after(() => rmSync(folder, { recursive: true }))

  for (const [name, members, chosen, ends, facts = {}] of packages) {
    it(`with the shape of ${name} is closed by ${chosen}, once, and awaited`, async () => {
      const noted: string[] = []
      const resource = shape(members, ends, facts, noted)
      await closerOf(resource)()
      expect(noted).to.deep.equal([chosen, `${chosen} done`])
      expect(resource).to.satisfy((emitter: EventEmitter) => emitter.listenerCount('close') === 0)
    })
  }

  it('of generic-pool is drained and cleared; its destroy is about one member', async () => {
    const noted: string[] = []
    await closerOf(shape(['acquire()', 'destroy(resource)', 'drain()', 'clear()'], 'promise', {}, noted))()
    expect(noted).to.deep.equal(['drain', 'drain done', 'clear', 'clear done'])
  })

  it('that is a function is taken, as clients of knex and postgres.js are', async () => {
    let ended = false
    const sql = Object.assign(function sql() {}, { end: async () => void (ended = true) })
    await closerOf(sql)()
    expect(ended).to.equal(true)
    expect(nameOf(sql)).to.equal('sql')
  })

  it('behind a Proxy is called on the Proxy', async () => {
    const ended: unknown[] = []
    const client = { async $disconnect(this: unknown) { ended.push(this) } }
    const proxy = new Proxy(client, { get: (target, key) => (key in target ? Reflect.get(target, key) : undefined) })
    await closerOf(proxy)()
    expect(ended).to.deep.equal([proxy])
  })

  it('whose getters throw is closed by what can be read', async () => {
    let closed = false
    const resource = { get quit(): never { throw new Error('not connected') }, get closed(): never { throw new Error('not connected') }, close: () => void (closed = true) }
    await closerOf(resource)()
    expect(closed).to.equal(true)
  })

  for (const [name, close] of Object.entries<(cb: (error?: Error) => void) => unknown>({
    'throws': () => { throw new Error('refused') },
    'rejects': async () => { throw new Error('refused') },
    'gives its callback an error': (cb) => setImmediate(cb, new Error('refused')),
  })) {
    it(`that ${name} fails its closer`, async () => {
      const error = await closerOf({ close })().catch((thrown: unknown) => thrown)
      expect(error).to.have.property('message', 'refused')
    })
  }

  it('that says it is closed already is left alone', async () => {
    for (const fact of [{ closed: true }, { destroyed: true }, { ending: true }, { ended: true }, { isOpen: false }, { open: false }, { isInitialized: false }, { status: 'end' }]) {
      await closerOf({ ...fact, close: () => Promise.reject(new Error('closed already')) })()
    }
  })

  it('of a package that was closed by hand is left alone', async () => {
    const redis = new Redis({ lazyConnect: true })
    redis.disconnect()
    await once(redis, 'end')
    const pool = new Pool()
    await pool.end()
    const socket = createSocket('udp4')
    socket.close()
    for (const resource of [redis, createClient(), pool, socket]) await closerOf(resource)()
  })

  it('that never says when it is done costs a tenth of a second', async () => {
    const begun = performance.now()
    await closerOf(Object.assign(new EventEmitter(), { close() {} }))()
    expect(performance.now() - begun).to.be.within(90, 1_000)
  })

  for (const [value, shown] of [[{}, '{}'], [null, 'null'], ['redis', "'redis'"], [{ drain() {} }, '{ drain: [Function: drain] }']] as const) {
    it(`is not ${shown}, and a TypeError says what is`, () => {
      expect(() => closerOf(value as object)).to.throw(
        TypeError,
        `Cannot add ${shown}: it must have one of $disconnect, quit, Symbol.asyncDispose, end, close, stop, shutdown, dispose, disconnect, destroy, or be a server`,
      )
    })
  }

  describe('that is a stream', () => {
    it('of a file is ended, and awaited until all is in the file', async () => {
      const file = path.join(folder, 'log')
      const log = createWriteStream(file)
      const close = closerOf(log)
      for (let line = 0; line < 1_000; line++) log.write(`line ${line}\n`)
      await close()
      expect(readFileSync(file, 'utf8').trimEnd().split('\n')).to.have.length(1_000)
      await close()
    })

    it('that is being ended is awaited', async () => {
      let finish: () => void = () => {}
      const slow = new Writable({ final: (callback) => (finish = callback) })
      slow.end()
      const closed = closerOf(slow)()
      await new Promise(setImmediate)
      finish()
      await closed
      expect(slow.writableFinished).to.equal(true)
    })

    it('that fails fails its closer', async () => {
      const full = new Writable({ write: (_chunk, _encoding, callback) => void setImmediate(callback, new Error('disk full')) })
      full.write('x')
      expect(await closerOf(full)().catch((thrown: unknown) => thrown)).to.have.property('message', 'disk full')
    })

    it('with another side is not destroyed for what nobody has read yet', async () => {
      const through = new PassThrough()
      through.write('kept')
      await closerOf(through)()
      expect(String(through.read())).to.equal('kept')
    })

    it('of a socket whose peer keeps its side open is ended, and not waited for', async () => {
      const server = createServer({ allowHalfOpen: true }, (socket) => socket.resume()).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [[Socket], unknown]
      await closerOf(socket)()
      expect([socket.writableFinished, socket.destroyed]).to.deep.equal([true, false])
      for (const one of [peer, socket]) one.destroy()
      server.close()
    })

    it('of the process itself is flushed and left open', async () => {
      await closerOf(process.stdout)()
      await closerOf(process.stderr)()
      expect([process.stdout.writable, process.stderr.writable]).to.deep.equal([true, true])
    })

    const lines = (file: string) => readFileSync(path.join(folder, file), 'utf8').trimEnd().split('\n')

    it("of pino's destination is flushed", async () => {
      const destination = pino.destination({ dest: path.join(folder, 'pino'), sync: false, minLength: 10_000 })
      const logger = pino(destination)
      for (let line = 0; line < 100; line++) logger.info(String(line))
      await closerOf(destination)()
      expect(lines('pino')).to.have.length(100)
    })

    it("of pino's transport, in a thread, is flushed", async () => {
      const transport = pino.transport({ target: 'pino/file', options: { destination: path.join(folder, 'transport') } }) as object
      const logger = pino(transport as pino.DestinationStream)
      for (let line = 0; line < 100; line++) logger.info(String(line))
      await closerOf(transport)()
      expect(lines('transport')).to.have.length(100)
    })

    it('a logger of pino is flushed', async () => {
      const logger = pino(pino.destination({ dest: path.join(folder, 'logger'), sync: false, minLength: 10_000 }))
      logger.info('last words')
      await closerOf(logger)()
      expect(lines('logger')).to.have.length(1)
    })

    it("winston's logger is ended with its transports", async () => {
      const file = createWriteStream(path.join(folder, 'winston'))
      const logger = winston.createLogger({ transports: new winston.transports.Stream({ stream: file }) })
      for (let line = 0; line < 100; line++) logger.info(String(line))
      let finished = false
      logger.once('finish', () => (finished = true))
      await closerOf(logger)()
      expect(finished).to.equal(true)
      await once(file.end(), 'close') // which winston leaves open
    })
  })
})
