import { spawn } from 'node:child_process'

/** Tells PM2 (`wait_ready`) and systemd (`Type=notify`, `NotifyAccess=all`) that the process serves. */
export function notifyReady(): void {
  if (process.env['pm_id'] !== undefined) process.send?.('ready')
  notifySystemd('--ready')
}

/**
 * Tells systemd that the process stops, and how long it may take: more than TimeoutStopSec if need be.
 * @param timeout - ms from now
 */
export function notifyStopping(timeout: number): void {
  notifySystemd('--stopping', `EXTEND_TIMEOUT_USEC=${timeout * 1_000}`)
}

/** By systemd's own tool, as Node has no datagram unix sockets. Its failure is nobody's business here. */
function notifySystemd(...args: string[]): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return
  spawn('systemd-notify', args, { stdio: 'ignore' }).on('error', () => {}).unref()
}
