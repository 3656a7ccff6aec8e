import { cpus, loadavg } from 'node:os'

/** What every figure of a run depends on. */
export function printMachine(): void {
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, load ${loadavg()[0]?.toFixed(1)}`)
}
