/** stdin, stdout, stderr and the IPC channel: a process has them from its start, and they end with it. */
const own = count(['PipeWrap', 'TTYWrap'])

/**
 * What keeps the process from ending, by Node's names: `Timeout`, `TCPSocketWrap`, …; one entry a handle.
 * Without what the process has from its start.
 */
export function activeResources(): string[] {
  const left = new Map(own)
  return process.getActiveResourcesInfo().filter((name) => {
    const spare = left.get(name) ?? 0
    left.set(name, spare - 1)
    return spare <= 0
  })
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) if (names.includes(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
