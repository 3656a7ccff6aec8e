import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Child, end, memoryUse, start } from '../child'
import { burst } from '../load'
import { printMachine } from '../machine'
import { median, summary } from '../statistics'
import { ANSWER, HELD, QUICK } from './paths'

const peers: Record<string, string> = { bare: 'bare node:http', ebb: 'Ebb, router and shutdown installed', fastify: 'Fastify 5', koa: 'Koa 3, @koa/router' }
const ROUNDS = 5
const CONNECTIONS = 3_000
const REQUESTS = 1_000_000
const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
const launch = (peer: string) => start(`memory/servers/${peer}`, { node: ['--expose-gc'] })

/** Bytes a connection that has been answered and waits, and bytes more while a request of it is in flight. */
interface Cost {
  idle: { rss: number; heap: number }
  inFlight: { rss: number; heap: number }
}

async function cost(peer: string): Promise<Cost> {
  const child = await launch(peer)
  const sockets: Socket[] = []
  try {
    // As many as are measured, so that what the process keeps for reuse is there before.
    await warm(child)
    const before = await memoryUse(child)
    while (sockets.length < CONNECTIONS) sockets.push(...(await Promise.all(Array.from({ length: 250 }, () => answered(child.port)))))
    const idle = await memoryUse(child)
    for (const socket of sockets) socket.write(request(HELD))
    const held = await arrived(child)
    return { idle: difference(idle, before), inFlight: difference(held, idle) }
  } finally {
    for (const socket of sockets) socket.destroy()
    await end(child)
  }
}

async function warm(child: Child): Promise<void> {
  for (let i = 0; i < 20; i++) await burst(child.port, 50, 500, request(QUICK), JSON.stringify(ANSWER))
}

/** A connection that has had one answer. */
async function answered(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.write(request(QUICK))
  await once(socket, 'data')
  socket.resume()
  return socket
}

/** Memory once every held request has arrived: what is written after them is answered after them. */
async function arrived(child: Child): Promise<{ rss: number; heap: number }> {
  await burst(child.port, 1, 200, request(QUICK), JSON.stringify(ANSWER))
  return memoryUse(child)
}

function difference(after: { rss: number; heap: number }, before: { rss: number; heap: number }): { rss: number; heap: number } {
  return { rss: (after.rss - before.rss) / CONNECTIONS, heap: (after.heap - before.heap) / CONNECTIONS }
}

async function connections(): Promise<void> {
  const costs = new Map<string, Cost[]>(Object.keys(peers).map((peer) => [peer, []]))
  for (let round = 0; round < ROUNDS; round++) for (const peer of Object.keys(peers)) costs.get(peer)?.push(await cost(peer))
  console.log(`\nBytes, ${CONNECTIONS} connections after a collection; ${ROUNDS} interleaved rounds, median (lowest-highest)\n`)
  console.log('| server | heap, an idle connection | heap, a request in flight more | resident, an idle connection | resident, a request in flight more |\n|---|---|---|---|---|')
  for (const [peer, rounds] of costs) {
    const cell = (figure: (cost: Cost) => number) => summary(rounds.map(figure), 0)
    console.log(`| ${peers[peer]} | ${cell((cost) => cost.idle.heap)} | ${cell((cost) => cost.inFlight.heap)} | ${cell((cost) => cost.idle.rss)} | ${cell((cost) => cost.inFlight.rss)} |`)
  }
}

/** Heap after so many requests: five points, the first after a tenth. */
async function growth(): Promise<void> {
  console.log(`\nKB of heap after a collection, while ${REQUESTS.toLocaleString('en')} requests are answered\n`)
  const points = [0.1, 0.25, 0.5, 0.75, 1]
  console.log(`| server | ${points.map((point) => (point * REQUESTS).toLocaleString('en')).join(' | ')} | bytes a request, median of the steps |\n|---|${'---|'.repeat(points.length + 1)}`)
  for (const peer of ['bare', 'ebb']) {
    const child = await launch(peer)
    try {
      const heaps: number[] = []
      let done = 0
      for (const point of points) {
        // A connection each 10,000 requests and client, so that ended connections count too.
        for (; done < point * REQUESTS; done += 50_000) await burst(child.port, 5, 50_000, request(QUICK), JSON.stringify(ANSWER))
        heaps.push((await memoryUse(child)).heap)
      }
      const steps = heaps.slice(1).map((heap, index) => (heap - (heaps[index] as number)) / (((points[index + 1] as number) - (points[index] as number)) * REQUESTS))
      console.log(`| ${peers[peer]} | ${heaps.map((heap) => (heap / 1024).toFixed(0)).join(' | ')} | ${median(steps).toFixed(3)} |`)
    } finally {
      await end(child)
    }
  }
}

/** `run.ts [connections] [growth]`: both by default. */
async function run(parts: string[]): Promise<void> {
  printMachine()
  if (parts.length === 0 || parts.includes('connections')) await connections()
  if (parts.length === 0 || parts.includes('growth')) await growth()
}

void run(process.argv.slice(2))
