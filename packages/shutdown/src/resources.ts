import { loopTurn } from './clock'

/** For so many turns of the loop a handle must be there to be named: what was closed in the last instant is not. */
const TURNS = 3

/**
 * What keeps the process from ending, by Node's names: `Timeout`, `TCPSocketWrap`, …; one entry a handle.
 * Without the pipes or terminals of stdin, stdout, stderr and IPC, which end with the process.
 */
export async function activeResources(): Promise<string[]> {
  let lasting = namesNow()
  for (let turn = 0; turn < TURNS && lasting.length > 0; turn++) {
    await loopTurn()
    lasting = common(lasting, namesNow())
  }
  return lasting
}

function namesNow(): string[] {
  const own = new Map([['TTYWrap', 3], ['PipeWrap', process.connected ? 4 : 3]])
  return process.getActiveResourcesInfo().filter((name) => {
    const left = own.get(name) ?? 0
    own.set(name, left - 1)
    return left <= 0
  })
}

/** Those of `before` that are in `after`, each as often as in both. */
function common(before: readonly string[], after: readonly string[]): string[] {
  const left = [...after]
  return before.filter((name) => {
    const at = left.indexOf(name)
    if (at >= 0) left.splice(at, 1)
    return at >= 0
  })
}
