import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, chownSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A database server of this test alone: a child on a unix socket in a folder of its own, ended by `stop()`. */
export class Database {
  readonly folder: string
  readonly socket: string
  readonly #child: ChildProcess

  private constructor(folder: string, socket: string, child: ChildProcess) {
    this.folder = folder
    this.socket = socket
    this.#child = child
  }

  /** @throws Error that says what to install, if there is no server */
  static async redis(): Promise<Database> {
    const binary = find('redis-server', ['/usr/bin', '/usr/local/bin'])
    const folder = mkdtempSync(path.join(tmpdir(), 'ebb-redis-'))
    const socket = path.join(folder, 'redis.sock')
    const child = spawn(binary, ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'no'], { stdio: ['ignore', 'pipe', 'inherit'] })
    return Database.#started(new Database(folder, socket, child), /ready to accept connections/i)
  }

  /** Its user is `postgres`, its folder the `host`. @throws Error that says what to install, if there is no server */
  static async postgres(): Promise<Database> {
    const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a)) : []
    const binary = find('postgres', versions.map((version) => `/usr/lib/postgresql/${version}/bin`))
    const folder = mkdtempSync(path.join(tmpdir(), 'ebb-postgres-'))
    const data = path.join(folder, 'data')
    mkdirSync(data, 0o700)
    const user = process.getuid?.() === 0 ? owner('postgres') : undefined // root is refused
    if (user !== undefined) for (const one of [folder, data]) chownSync(one, user.uid, user.gid)
    const options = { ...user, env: { ...process.env, LC_ALL: 'C' }, cwd: folder }
    execFileSync(path.join(path.dirname(binary), 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'], { ...options, stdio: 'ignore' })
    const child = spawn(binary, ['-D', data, '-k', folder, '-h', '', '-F'], { ...options, stdio: ['ignore', 'inherit', 'pipe'] })
    return Database.#started(new Database(folder, path.join(folder, '.s.PGSQL.5432'), child), /ready to accept connections/)
  }

  static async #started(database: Database, says: RegExp): Promise<Database> {
    const child = database.#child
    const output = (child.stdout ?? child.stderr) as NonNullable<ChildProcess['stdout']>
    let text = ''
    await new Promise<void>((resolve, reject) => {
      output.on('data', (chunk: Buffer) => { // to its end: a server whose log nobody reads would stall
        if (says.test((text += String(chunk)))) resolve()
      })
      child.once('exit', () => reject(new Error(`${child.spawnfile} has not started: ${text}`)))
    })
    return database
  }

  /** Whether anybody listens. */
  async listens(): Promise<boolean> {
    const socket = createConnection(this.socket)
    const listens = await once(socket, 'connect').then(() => true, () => false)
    socket.destroy()
    return listens
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGINT') // of postgres the fast way, of redis the usual
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function find(name: string, folders: readonly string[]): string {
  const found = folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file))
  if (found === undefined) throw new Error(`No ${name} on this machine: apt-get install postgresql redis-server`)
  return found
}

function owner(name: string): { uid: number; gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
