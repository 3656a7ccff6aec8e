import { spawn } from 'node:child_process'

/** Tells PM2 (`wait_ready`) and systemd (`Type=notify`, `NotifyAccess=all`) that the process serves. */
export function notifyReady(): void {
  if (process.env['pm_id'] !== undefined) process.send?.('ready', undefined, undefined, () => {}) // a channel that is gone fails nothing
  notifySystemd('--ready')
}

/**
 * Tells systemd that the process stops, and how long it may take: more than TimeoutStopSec if need be.
 * @param timeout - ms from now
 */
export function notifyStopping(timeout: number): void {
  notifySystemd('--stopping', `EXTEND_TIMEOUT_USEC=${Math.round(timeout * 1_000)}`)
}

/**
 * Tells systemd that the stop takes longer.
 * @param timeout - ms from now
 */
export function notifyExtended(timeout: number): void {
  notifySystemd(`EXTEND_TIMEOUT_USEC=${Math.round(timeout * 1_000)}`)
}

/** By systemd's own tool, as Node has no datagram unix sockets. A tool that is missing or may not be run fails nothing. */
function notifySystemd(...args: string[]): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return
  try {
    spawn('systemd-notify', args, { stdio: 'ignore' }).on('error', () => {}).unref()
  } catch {
    // Node's permission model, or no process left to have: systemd then waits for TimeoutStopSec.
  }
}
