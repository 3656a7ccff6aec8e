import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { join } from 'node:path'

/** A server under test: a process of its own, from the built packages, with plain node's own conditions. */
export interface Child {
  readonly process: ChildProcess
  readonly port: number
}

/** How a server is started; see `start`. */
export interface StartOptions {
  /** The server's own arguments. */
  args?: string[]
  /** What runs node, such as valgrind with its options; default: nothing. */
  under?: string[]
  /** Options of node itself. */
  node?: string[]
}

/** Starts the server of that file below bench/, without its .ts; resolves when it listens. */
export async function start(name: string, { args = [], under = [], node = [] }: StartOptions = {}): Promise<Child> {
  const [execPath = process.execPath, ...before] = [...under, process.execPath]
  const child = fork(join(__dirname, `${name}.ts`), args, {
    execPath,
    execArgv: [...before, ...node, '-r', join(__dirname, 'transpile.cjs')],
    stdio: ['ignore', 'ignore', under.length > 0 ? 'ignore' : 'inherit', 'ipc'],
  })
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`The server ${name} ended with code ${code} before it listened`)
  })
  const [port] = (await Promise.race([once(child, 'message'), died])) as [number]
  died.catch(() => {})
  return { process: child, port }
}

/** CPU time (µs, user and system) that the server has used so far. */
export async function cpuTime({ process: child }: Child): Promise<number> {
  child.send('cpu')
  const [used] = (await once(child, 'message')) as [number]
  return used
}

/** What a server holds, in bytes, after a collection; it must run with --expose-gc. */
export async function memoryUse({ process: child }: Child): Promise<{ rss: number; heap: number }> {
  child.send('memory')
  const [used] = (await once(child, 'message')) as [{ rss: number; heap: number }]
  return used
}

/** Ends a server that is not measured any more. */
export async function end({ process: child }: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Told by a server: it listens, and answers questions for its CPU time and its memory. */
export function ready(server: Server): void {
  server.on('listening', () => process.send?.((server.address() as AddressInfo).port))
  process.on('disconnect', () => process.exit()) // its bench was interrupted
  process.on('message', (message) => {
    if (message === 'memory') void collected().then((used) => process.send?.(used))
    if (message !== 'cpu') return
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
}

/** Twice, with a turn of the loop between: what a finaliser lets go is then collected too. */
async function collected(): Promise<{ rss: number; heap: number }> {
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed + external }
}
