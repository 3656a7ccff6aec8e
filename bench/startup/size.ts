import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface Manifest {
  name: string
  version: string
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

/**
 * What npm installs for these packages into an empty folder: how many packages, and how many bytes of files,
 * declarations (@types) apart. A version counts once: this workspace has copies of some because others need another version.
 */
export function installedSize(names: readonly string[]): { packages: number; bytes: number; types: number } {
  const folders = new Map<string, Manifest>()
  for (const name of names) walk(name, __dirname, folders)
  const installed = new Map([...folders].map(([folder, { name, version }]) => [`${name}@${version}`, { folder, name }]))
  let bytes = 0
  let types = 0
  for (const { folder, name } of installed.values()) {
    const own = name.startsWith('@ebbjs/') ? packedSize(folder) : sizeOf(folder)
    bytes += own
    if (name.startsWith('@types/') || name === 'undici-types') types += own
  }
  return { packages: installed.size, bytes, types }
}

/** Adds a package as `from` would find it, and all that it needs. */
function walk(name: string, from: string, folders: Map<string, Manifest>): void {
  const folder = find(name, from)
  if (folders.has(folder)) return
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  folders.set(folder, manifest)
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter((peer) => manifest.peerDependenciesMeta?.[peer]?.optional !== true)
  for (const dependency of [...Object.keys(manifest.dependencies ?? {}), ...peers]) walk(dependency, folder, folders)
}

function find(name: string, from: string): string {
  const folder = join(from, 'node_modules', name)
  if (existsSync(folder)) return realpathSync(folder)
  if (dirname(from) === from) throw new Error(`${name} is not installed`)
  return find(name, dirname(from))
}

/** What is published of a package of this repository. */
function packedSize(folder: string): number {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return (JSON.parse(output) as [{ unpackedSize: number }])[0].unpackedSize
}

function sizeOf(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue
    const path = join(folder, entry.name)
    bytes += entry.isDirectory() ? sizeOf(path) : statSync(path).size
  }
  return bytes
}
