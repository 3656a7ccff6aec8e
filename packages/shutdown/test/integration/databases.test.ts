import { createClient } from '@redis/client'
import { Queue, QueueEvents, Worker } from 'bullmq'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Client as PgClient, Pool } from 'pg'
import { Database } from '../databases'
import { Gate, Service } from '../service'

describe('a stop with PostgreSQL', function () {
  let postgres: Database
  before(async function () {
    this.timeout(60_000)
    postgres = await Database.postgres()
  })
  after(() => postgres?.stop())
  afterEach(() => Service.stopAll())

  it('lets a query that runs finish, then ends the Pool of pg, whose connections are gone from the server', async () => {
    const pool = new Pool({ host: postgres.folder, user: 'postgres', application_name: 'served', max: 3 })
    const watcher = new PgClient({ host: postgres.folder, user: 'postgres' })
    await watcher.connect()
    const count = async (condition: string): Promise<number> =>
      (await watcher.query<{ n: number }>(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'served' AND ${condition}`)).rows[0]?.n ?? -1
    const service = await Service.start(async (ctx) => {
      ctx.body = (await pool.query<{ text: string }>("SELECT pg_sleep(0.3), 'whole' AS text")).rows[0]?.text
    })
    service.shutdown.add(pool)
    const client = (await service.connect()).get('/')
    while ((await count("query LIKE '%pg_sleep(0.3)%' AND state = 'active'")) === 0); // polls the server
    const stopped = service.shutdown.stop()
    expect((await client.answer()).body).to.equal('whole')
    const report = await stopped
    expect(report.hooks.map(({ name, error }) => [name, error])).to.deep.equal([['BoundPool', undefined]])
    expect(report).to.include({ clean: true })
    while ((await count('true')) > 0); // the server's process needs a moment to end
    await watcher.end()
  })

  it('ends a Client of pg', async () => {
    const client = new PgClient({ host: postgres.folder, user: 'postgres' })
    await client.connect()
    const service = await Service.start((ctx) => (ctx.body = 'ok'))
    service.shutdown.add(client)
    expect(await service.shutdown.stop()).to.include({ clean: true })
    const error = await client.query('SELECT 1').catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(Error)
  })
})

describe('a stop with Redis', function () {
  let redis: Database
  before(async function () {
    this.timeout(60_000)
    redis = await Database.redis()
  })
  after(() => redis?.stop())
  afterEach(() => Service.stopAll())

  /** What the server says of its clients. */
  async function clientsOf(name: string): Promise<number> {
    const watcher = new Redis({ path: redis.socket })
    const list = String(await watcher.client('LIST'))
    await watcher.quit()
    return list.split('\n').filter((line) => line.includes(`name=${name} `)).length
  }

  it('quits a client of ioredis after its last command, and leaves the server running', async () => {
    const client = new Redis({ path: redis.socket, connectionName: 'ioredis-served' })
    await client.ping()
    const service = await Service.start((ctx) => (ctx.body = 'ok'))
    service.shutdown.add(client)
    let popped: unknown
    service.shutdown.onCleanup('before it', () => void client.blpop('nothing', 0.2).then((value) => (popped = value)))
    const report = await service.shutdown.stop()
    expect(report).to.include({ clean: true })
    expect(popped).to.equal(null)
    expect(await clientsOf('ioredis-served')).to.equal(0)
    expect(await redis.listens()).to.equal(true)
  })

  it('closes a client of redis after its last command', async () => {
    const client = createClient({ socket: { path: redis.socket, tls: false }, name: 'redis-served' })
    await client.connect()
    const service = await Service.start((ctx) => (ctx.body = 'ok'))
    service.shutdown.add(client)
    let popped: unknown
    service.shutdown.onCleanup('before it', () => void client.blPop('nothing', 0.2).then((value) => (popped = value)))
    expect(await service.shutdown.stop()).to.include({ clean: true })
    expect(popped).to.equal(null)
    expect(await clientsOf('redis-served')).to.equal(0)
  })

  it('ends in time, and cleanly, for a client whose server is away', async () => {
    const client = new Redis({ path: `${redis.socket}.none`, retryStrategy: () => 60_000 })
    client.on('error', () => {})
    const lazy = new Redis({ path: `${redis.socket}.none`, lazyConnect: true })
    await new Promise((resolve) => client.once('reconnecting', resolve))
    const service = await Service.start((ctx) => (ctx.body = 'ok'))
    for (const one of [client, lazy]) service.shutdown.add(one)
    const report = await service.shutdown.stop()
    expect(report).to.include({ clean: true })
    expect(report.phases.cleanup).to.be.below(1_500)
    expect(lazy.status).to.equal('end')
  })

  it('lets a job of BullMQ that runs finish, then closes worker, queue and events, with no connection left', async () => {
    const connection = { path: redis.socket, connectionName: 'bullmq-served' }
    const [entered, work] = [new Gate(), new Gate<string>()]
    const queue = new Queue('mails', { connection })
    const events = new QueueEvents('mails', { connection })
    const worker = new Worker('mails', async () => (entered.open(), await work.opened), { connection })
    await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), worker.waitUntilReady()])
    const service = await Service.start((ctx) => (ctx.body = 'ok'))
    for (const one of [events, queue, worker]) service.shutdown.add(one)
    const job = await queue.add('welcome', {})
    await entered.opened
    const order: string[] = []
    worker.on('completed', () => order.push('completed'))
    worker.on('closed', () => order.push('closed'))
    service.shutdown.onCleanup('mailer', () => void setImmediate(work.open, 'sent'))
    const report = await service.shutdown.stop()
    expect(report.hooks.map(({ name, error }) => [name, error])).to.deep.equal([
      ['mailer', undefined], ['Worker', undefined], ['Queue', undefined], ['QueueEvents', undefined],
    ])
    expect(order).to.deep.equal(['completed', 'closed'])
    const watcher = new Redis({ path: redis.socket })
    expect(await watcher.hget(`bull:mails:${job.id}`, 'returnvalue')).to.equal('"sent"')
    await watcher.quit()
    expect(await clientsOf('bullmq-served')).to.equal(0)
  })
})
