import { type PathText } from './path-text'
import { type Chain } from './tail'

/** Where between `at` and `end` each of the chains can begin: the first and the last place of each. */
export function windowsOf(path: PathText, chains: readonly Chain[], at: number, end: number): number[] {
  const windows: number[] = []
  for (const chain of chains) {
    const high = lastStart(path, chain, at, end)
    windows.push(high === -1 ? end : chain.bounded ? firstStart(path, chain, at, end) : at + 1, high)
  }
  return windows
}

/** The last place where all texts may follow, each capture with a character between them; or -1. */
function lastStart(path: PathText, { texts, endsInText, inSegment }: Chain, at: number, end: number): number {
  let place = end
  for (let index = texts.length - 1; index >= 0 && place !== -1; index--) {
    const text = texts[index] as readonly number[]
    const isEnd = endsInText && index === texts.length - 1
    const from = place - text.length - (isEnd ? 0 : 1)
    place = path.lastText(text, from, isEnd && inSegment ? Math.max(from, at + 1) : at + 1)
  }
  return place
}

/**
 * A place that none before can be the first text's. A capture holds the text before it at most once, so that each text is
 * one of the last few of its kind before the next: behind where it is, it can come again at 2 * length - 1 places, and at
 * one more if the path ends with a '/' more.
 */
function firstStart(path: PathText, { texts, endsInText, inSegment }: Chain, at: number, end: number): number {
  const trailing = inSegment ? 0 : 1
  let place = end
  for (let index = texts.length - 1; index >= 0; index--) {
    const text = texts[index] as readonly number[]
    if (endsInText && index === texts.length - 1) {
      place -= text.length + trailing
      continue
    }
    for (let count = 2 * text.length + trailing; count > 0; count--) {
      const before = path.lastText(text, place - 1, at + 1)
      if (before === -1) break
      place = before
    }
  }
  return place
}

/** Is `place`, where `code` is, in the window of a chain that begins with it? */
export function isIn(path: PathText, windows: readonly number[], chains: readonly Chain[], place: number, code: number): boolean {
  for (let index = 0; index < chains.length; index++) {
    if (place < (windows[2 * index] as number) || place > (windows[2 * index + 1] as number)) continue
    const first = (chains[index] as Chain).texts[0]?.[0] as number
    if (code === first || path.same(code, first)) return true
  }
  return false
}
