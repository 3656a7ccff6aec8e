import { spawn } from 'node:child_process'
import { now } from './clock'

/** What `process.exit` waits for, by the names of process.getActiveResourcesInfo(): jobs of the thread pool, other threads. */
const HOLDS = /^(FSReq|GetAddrInfo|GetNameInfo|PBKDF2|Scrypt|RandomBytes|RandomPrime|KeyGen|KeyPairGen|SecretKeyGen|Sign|Hash|Zlib|CheckPrime|DeriveBits|Cipher|Worker|MessagePort)/
/** How long (ms) after the process was to end it is killed. */
const KILL_LATER = 150

/** Kills a process ($2) after a while ($1), unless it ends before: then its end of our stdin is closed. */
const KILL = 'exec 3<&0; (sleep "$1"; kill -9 "$2") & killer=$!; read _ <&3; kill $killer'

/**
 * Ends the process, whatever other threads do. `process.exit` stops a thread of ours, but waits for jobs of libuv's thread
 * pool (a file system or name server that does not answer, a long hash) and for worker threads. Where there are such, a
 * process of its own kills this one when the time is over; one without a shell, and jobs of native addons, which nobody can
 * see, are left to the supervisor.
 * @param end - the moment (ms of `now()`) by which it was to end
 */
export function endProcess(code: number, end: number): never {
  try {
    if (process.getActiveResourcesInfo().some((name) => HOLDS.test(name))) killLater(Math.max(0, end - now()) + KILL_LATER)
  } catch {
    // No process can be had: it ends when it ends.
  }
  process.exit(code)
}

function killLater(ms: number): void {
  const killer = spawn('/bin/sh', ['-c', KILL, 'sh', (ms / 1_000).toFixed(2), String(process.pid)], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  killer.on('error', () => {})
  killer.unref()
}
