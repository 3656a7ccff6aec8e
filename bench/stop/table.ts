import { summary } from '../statistics'
import { peers } from './peers'
import { type Stopped, stopUnderLoad } from './under-load'
import { type LoadOptions } from '../load'

/** Stops each peer so often under that load, in turn, and prints what was lost. */
export async function underLoad(title: string, names: readonly string[], stops: number, load: LoadOptions): Promise<Map<string, Stopped[]>> {
  const results = new Map<string, Stopped[]>(names.map((name) => [name, []]))
  for (let stop = 0; stop < stops; stop++) {
    for (const [name, stopped] of results) stopped.push(await stopUnderLoad(name, load))
  }
  console.log(`\nSIGTERM under ${title}; ${stops} interleaved stops each, median (spread)\n`)
  console.log('| server | requests lost in all | a stop | answered 5xx | new connections reset | SIGTERM to exit, ms | hung |\n|---|---|---|---|---|---|---|')
  for (const [name, all] of results) {
    const exits = all.flatMap(({ exit }) => exit ?? [])
    console.log(
      `| ${peers[name]} | ${total(all, 'lost')} | ${summary(all.map(({ lost }) => lost), 0)} | ${total(all, 'refused')} | ` +
        `${total(all, 'reset')} | ${exits.length > 0 ? summary(exits, 0) : '-'} | ${stops - exits.length} of ${stops} |`,
    )
  }
  return results
}

export function total(stopped: readonly Stopped[], what: 'lost' | 'reset' | 'refused'): number {
  return stopped.reduce((sum, one) => sum + one[what], 0)
}
