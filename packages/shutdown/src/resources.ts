/**
 * What keeps the process from ending, by Node's names: `Timeout`, `TCPSocketWrap`, …; one entry a handle.
 * Without the pipes or terminals of stdin, stdout, stderr and IPC, which end with the process.
 */
export function activeResources(): string[] {
  const own = new Map([['TTYWrap', 3], ['PipeWrap', process.connected ? 4 : 3]])
  return process.getActiveResourcesInfo().filter((name) => {
    const left = own.get(name) ?? 0
    own.set(name, left - 1)
    return left <= 0
  })
}
