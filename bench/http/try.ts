import { instructions } from './instructions'
import { workloads } from './workloads'

// node -r ts-node/register bench/http/try.ts W2 bare ebb …
async function main(): Promise<void> {
  const [, , workload, ...peers] = process.argv
  for (const peer of peers) {
    const count = await instructions(`http/servers/${peer}`, [workload as string], workloads[workload as string] as never)
    console.log(workload, peer, Math.round(count))
  }
}
void main()
