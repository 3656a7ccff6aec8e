/** @returns the one of `names` that takes the fewest edits (Levenshtein) to make of `name`, whatever their case */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const far = new Map(names.map((one) => [one, edits(name.toLowerCase(), one.toLowerCase())]))
  return names.toSorted((a, b) => (far.get(a) as number) - (far.get(b) as number))[0]
}

function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, char] of [...from].entries()) {
    const above = row
    row = [i + 1]
    for (let j = 0; j < to.length; j++) {
      const replaced = (above[j] as number) + (to[j] === char ? 0 : 1)
      row.push(Math.min(replaced, (above[j + 1] as number) + 1, (row[j] as number) + 1))
    }
  }
  return row[to.length] as number
}
