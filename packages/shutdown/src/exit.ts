import { spawn } from 'node:child_process'
import { isMainThread } from 'node:worker_threads'
import { now } from './clock'

/** What `process.exit` waits for, by the names of process.getActiveResourcesInfo(): file system, DNS, worker threads. */
const HOLDS = /^(FSReq|GetAddrInfo|GetNameInfo|MessagePort)/
/** How long (s) after the process was to end it is killed, at least: some shells count whole ones. */
const KILL_LATER = 1

/** Kills process $2 after $1 seconds, unless that process ends first, which closes our stdin. */
const KILL = `exec 3<&0
(sleep "$1" & s=$!; trap 'kill $s' TERM; wait $s && kill -9 "$2") &
read _ <&3
kill $!`

/**
 * Ends the process, or the worker thread, by `process.exit`, which runs 'exit' listeners. That stops threads of ours, but
 * waits for jobs of libuv's thread pool and for worker threads. Where there are such, a helper process kills this one if it
 * has not ended in time. Jobs that Node does not list, of crypto, zlib and native addons, are left to the supervisor, and
 * so is a system without a shell.
 * @param end - the moment (ms of `now()`) by which it was to end
 */
export function endProcess(code: number, end: number): never {
  try {
    if (isMainThread && process.getActiveResourcesInfo().some((name) => HOLDS.test(name))) killAfter(Math.ceil(Math.max(0, end - now()) / 1_000) + KILL_LATER)
  } catch {
    // No process can be had: it ends when it ends.
  }
  process.exit(code)
}

function killAfter(seconds: number): void {
  const killer = spawn('/bin/sh', ['-c', KILL, 'sh', String(seconds), String(process.pid)], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  killer.on('error', () => {})
  killer.unref()
}
