import { cpus, loadavg } from 'node:os'
import { cpu } from './cpu'
import { lost } from './stop/lost'

async function run(): Promise<void> {
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, load ${loadavg()[0]?.toFixed(1)}`)
  await cpu()
  await lost()
}

void run()
