import { keep } from './fold'
import { type Branch, Ends, type Leaf, type Node } from './node'
import { type Chain } from './tail'
import { type Tree } from './tree'

/**
 * Walks trees along one path. All layers are found in one walk. Where a capture may end in several places the longest is
 * tried first, as a regular expression would; path-to-regexp's rules (pattern.ts) leave so few that a walk is linear.
 *
 * Synchronous and not re-entrant; its arrays are used again by the next walk, so that a walk allocates nothing.
 */
export class Search {
  /** Counts walks. */
  serial = 0
  /** After `all`: how many nodes with leaves were reached, and of each the node and where the path stood. */
  hits = 0
  readonly nodes: Node[] = []
  readonly ends: number[] = []
  /** Begin and end of captures: of `first`'s leaf from 0 on, of `all`'s hits each from its offset on. */
  marks: readonly number[] = []
  readonly offsets: number[] = []
  #path = ''
  #method = ''
  #best: Leaf | undefined = undefined
  /** Marks that were kept; the last leaf or hit may have more, on the way: it is copied only if the walk goes on over it. */
  readonly #kept: number[] = []
  #used = 0
  #pending = 0
  /** Counts leaves, or nodes with leaves, that were noted. */
  #found = 0
  /** Begin and end of the captures on the way to where the walk is. */
  readonly #way: number[] = []
  #fold: (code: number) => number = keep

  /** The first leaf of a route for `method`, in the order of leaves. */
  first(trees: readonly Tree[], path: string, method: string): Leaf | undefined {
    this.#method = method
    this.#best = undefined
    this.#walk(trees, path)
    return this.#best
  }

  /** Every leaf that takes the path: those of `nodes` that fit `ends`. */
  all(trees: readonly Tree[], path: string): void {
    this.#method = ''
    this.hits = 0
    this.#walk(trees, path)
  }

  #walk(trees: readonly Tree[], path: string): void {
    this.serial++
    this.#found = this.#used = this.#pending = 0
    this.#path = path
    for (let index = 0; index < trees.length; index++) {
      const { root, fold } = trees[index] as Tree
      this.#fold = fold
      this.#visit(root, 0, 0)
    }
    if (this.#used > 0) this.#keep()
    this.marks = this.#used === 0 ? this.#way : this.#kept
  }

  /** Goes on to `node`, whose text begins with the character at `at`, with `depth` captures behind it. */
  #visit(node: Node, from: number, depth: number): void {
    const path = this.#path
    let at = from | 0
    const { length } = path
    // The last of the ways on is taken in this loop, the others by recursion: mostly there is one way.
    for (;;) {
      for (;;) {
        const { size } = node
        if (size <= 1) at += size
        else if ((at = this.#textEnd(node.text, at)) === -1) return
        if (at >= length || node.stops) break
        const next = this.#next(node, path.charCodeAt(at))
        if (next === undefined) return
        node = next
      }
      if (node.ends !== 0 && (at + 1 >= length || (node.ends & OPEN) !== 0)) this.#arrive(node, at, depth)
      if (at >= length) return
      const next = this.#next(node, path.charCodeAt(at))
      if (!node.captures) {
        if (next === undefined) return
        node = next
        continue
      }

      if (next !== undefined) this.#visit(next, at, depth)
      const { rest, branches, segment } = node
      if (rest !== undefined) this.#takeRest(rest, at, depth)
      let to: Node | undefined = segment
      let end = at
      if (branches !== undefined) {
        const last = branches.length - 1
        for (let index = 0; index <= last; index++) {
          const branch = branches[index] as Branch
          end = this.#branch(branch, at, depth)
          if (end === at) continue
          if (index === last && segment === undefined) to = branch.to
          else this.#go(branch.to, at, end, depth)
        }
      }
      if (segment !== undefined) {
        end = this.#segmentEnd(at)
        if (end === at) return
        if (segment.inner) {
          this.#take(segment, at, end, depth, true, true)
          return
        }
      }
      if (to === undefined) return
      if (depth < this.#pending) this.#keep()
      const way = this.#way
      way[2 * depth] = at
      way[2 * depth + 1] = end
      depth++
      if (to.ends !== 0 && (end + 1 >= length || (to.ends & OPEN) !== 0)) this.#arrive(to, end, depth)
      if (end === length) return
      const behind = segment === undefined ? this.#next(to, path.charCodeAt(end)) : to.below
      if (behind === undefined) return
      node = behind
      at = end
    }
  }

  /** Goes on behind a capture that took what is from `at` to `end`. */
  #go(to: Node, at: number, end: number, depth: number): void {
    if (depth < this.#pending) this.#keep()
    this.#way[2 * depth] = at
    this.#way[2 * depth + 1] = end
    if (to.ends !== 0) this.#arrive(to, end, depth + 1)
    if (end === this.#path.length) return
    const next = this.#next(to, this.#path.charCodeAt(end))
    if (next !== undefined) this.#visit(next, end, depth + 1)
  }

  /** The node whose text begins with a character. */
  #next(node: Node, code: number): Node | undefined {
    const next = node.next(code)
    if (next !== undefined || !(code > 127 ? node.wide : code <= 90 && code >= 65)) return next
    return node.next(this.#fold(code))
  }

  /** Notes the leaves of a node, if the path may end here. */
  #arrive(node: Node, at: number, depth: number): void {
    const left = this.#path.length - at
    if (left > 0 && this.#path.charCodeAt(at) !== SLASH) return
    let ends = left === 0 ? EXACT | TRAILING | OPEN : left === 1 ? TRAILING | OPEN : OPEN
    if (node.search !== this.serial) {
      node.search = this.serial
      node.reached = 0
    }
    ends &= node.ends & ~node.reached
    if (ends === 0) return
    node.reached |= ends

    if (this.#method === '') {
      this.#keep()
      this.nodes[this.hits] = node
      this.ends[this.hits] = ends
      this.offsets[this.hits++] = this.#used
    } else if (this.#prefer(node.leaves as Leaf[], ends)) {
      this.#used = 0
    } else {
      return
    }
    this.#found++
    this.#pending = depth
  }

  #keep(): void {
    const way = this.#way
    const kept = this.#kept
    for (let index = 0; index < 2 * this.#pending; index++) kept[this.#used++] = way[index] as number
    this.#pending = 0
  }

  /** Is one of the leaves better than the best so far? The leaves of a node are in order. */
  #prefer(leaves: readonly Leaf[], ends: number): boolean {
    for (let index = 0; index < leaves.length; index++) {
      const leaf = leaves[index] as Leaf
      if (this.#best !== undefined && leaf.order > this.#best.order) return false
      if ((leaf.ends & ends) === 0 || !leaf.layer.routes(this.#method)) continue
      this.#best = leaf
      return true
    }
    return false
  }

  /**
   * Takes at least one character from `at` and at most those before `end`, and goes on: the longest first.
   * @param whole - is `end` where the capture's segment, or for a wildcard the path, ends?
   */
  #take(to: Node, at: number, end: number, depth: number, inSegment: boolean, whole: boolean): void {
    if (end === at) return
    const before = this.#found
    this.#go(to, at, end, depth)
    const open = !inSegment && (to.ends & OPEN) !== 0
    if (!to.inner && !open && (inSegment || to.below === undefined)) return
    const path = this.#path
    const sole = open ? -2 : inSegment ? to.soleInner : to.sole
    const { separator, chains } = to
    let { places } = to
    let last = whole && sole >= 0 ? end - separator.length : end - 1
    let least = at + 1
    let windows: readonly number[] | undefined
    if (whole && !open && end - at > SHORT && chains !== undefined && chains.length > 0) {
      windows = this.#windows(chains, at, end)
      least = end
      let greatest = at
      for (let index = 0; index < windows.length; index += 2) {
        least = Math.min(least, windows[index] as number)
        greatest = Math.max(greatest, windows[index + 1] as number)
      }
      last = Math.min(last, greatest)
    }
    for (; last >= least; last--) {
      const code = path.charCodeAt(last)
      if (sole >= 0) {
        // Most characters lead nowhere: this line is what a long value costs.
        if (code !== sole && !this.#same(code, sole)) continue
        if (separator.length > 1 && this.#textEnd(separator, last) === -1) continue
        if (places-- === 0) return
      }
      const next = this.#next(to, code)
      if (next === undefined && !(open && code === SLASH)) continue
      if (windows !== undefined && !this.#isIn(windows, chains as readonly Chain[], last, code)) continue
      if (depth < this.#pending) this.#keep()
      this.#way[2 * depth + 1] = last
      if (open && code === SLASH) this.#arrive(to, last, depth + 1)
      if (next === undefined) continue
      this.#visit(next, last, depth + 1)
      if (to.leafCount === 1 && this.#found > before) return // a shorter value would only find the same again
    }
  }

  /** Where between `at` and `end` each of the chains can begin: the first and the last place of each. */
  #windows(chains: readonly Chain[], at: number, end: number): number[] {
    const windows: number[] = []
    for (const chain of chains) {
      const high = this.#lastStart(chain, at, end)
      windows.push(high === -1 ? end : chain.bounded ? this.#firstStart(chain, at, end) : at + 1, high)
    }
    return windows
  }

  /** The last place where all texts may follow, each capture with a character between them; or -1. */
  #lastStart({ texts, endsInText, inSegment }: Chain, at: number, end: number): number {
    let place = end
    for (let index = texts.length - 1; index >= 0 && place !== -1; index--) {
      const text = texts[index] as readonly number[]
      const isEnd = endsInText && index === texts.length - 1
      const from = place - text.length - (isEnd ? 0 : 1)
      place = this.#lastText(text, from, isEnd && inSegment ? Math.max(from, at + 1) : at + 1)
    }
    return place
  }

  /**
   * A place that none before can be the first text's. A capture holds the text before it at most once, so that each text is
   * one of the last few of its kind before the next: behind where it is, it can come again at 2 * length - 1 places, and at
   * one more if the path ends with a '/' more.
   */
  #firstStart({ texts, endsInText, inSegment }: Chain, at: number, end: number): number {
    const trailing = inSegment ? 0 : 1
    let place = end
    for (let index = texts.length - 1; index >= 0; index--) {
      const text = texts[index] as readonly number[]
      if (endsInText && index === texts.length - 1) {
        place -= text.length + trailing
        continue
      }
      for (let count = 2 * text.length + trailing; count > 0; count--) {
        const before = this.#lastText(text, place - 1, at + 1)
        if (before === -1) break
        place = before
      }
    }
    return place
  }

  #isIn(windows: readonly number[], chains: readonly Chain[], place: number, code: number): boolean {
    for (let index = 0; index < chains.length; index++) {
      if (place < (windows[2 * index] as number) || place > (windows[2 * index + 1] as number)) continue
      const first = (chains[index] as Chain).texts[0]?.[0] as number
      if (code === first || this.#same(code, first)) return true
    }
    return false
  }

  /** The last place, from `from` back to `least`, where `text` begins, or -1. */
  #lastText(text: readonly number[], from: number, least: number): number {
    const path = this.#path
    const first = text[0] as number
    for (let place = from; place >= least; place--) {
      const code = path.charCodeAt(place)
      if (code !== first && !this.#same(code, first)) continue
      if (text.length === 1 || this.#textEnd(text, place) !== -1) return place
    }
    return -1
  }

  #takeRest(to: Node, at: number, depth: number): void {
    if (to.sole !== -1) {
      this.#take(to, at, this.#path.length, depth, false, true)
      return
    }
    if (depth < this.#pending) this.#keep()
    this.#way[2 * depth] = at
    this.#way[2 * depth + 1] = this.#path.length
    this.#arrive(to, this.#path.length, depth + 1)
  }

  /** @returns where the capture ends, if that is its only end and nothing was done yet; else `at` */
  #branch({ capture, until, orText, to }: Branch, at: number, depth: number): number {
    const { inSegment, orSegment } = capture
    const end = this.#runTo(at, until, inSegment)
    const segmentEnd = orSegment ? this.#segmentEnd(at) : end
    if (end === at) {
      // The run is empty because `until` is here, and that is what `orText` is.
      if (orText.length > 0 && this.#path.charCodeAt(at) !== SLASH) return at + orText.length
    } else {
      if (to.sure && segmentEnd <= end && (to.ends & OPEN) === 0) return end
      this.#take(to, at, end, depth, inSegment, false)
    }
    if (segmentEnd > end) this.#take(to, at, segmentEnd, depth, true, false)
    return at
  }

  #segmentEnd(at: number): number {
    const slash = this.#path.indexOf('/', at)
    return slash === -1 ? this.#path.length : slash
  }

  /** Where `until` begins, or the segment or the path ends. Looks no further: runs begin at many places of one path. */
  #runTo(at: number, until: readonly number[], inSegment: boolean): number {
    const path = this.#path
    const first = until[0] as number
    for (let index = at; index < path.length; index++) {
      const code = path.charCodeAt(index)
      if (inSegment && code === SLASH) return index
      if (code !== first && !this.#same(code, first)) continue
      if (until.length === 1 || this.#textEnd(until, index) !== -1) return index
    }
    return path.length
  }

  /** Where `text`, whose first character is at `at`, ends in the path if it goes on there, or -1. */
  #textEnd(text: readonly number[], at: number): number {
    const path = this.#path
    const end = at + text.length
    if (end > path.length) return -1
    for (let index = at + 1; index < end; index++) {
      const code = path.charCodeAt(index)
      if (code !== text[index - at] && !this.#same(code, text[index - at] as number)) return -1
    }
    return end
  }

  /** Is a character, which is not the same as it is, the same in another case? Texts are folded: ASCII is in lower case. */
  #same(code: number, folded: number): boolean {
    return (code > 127 ? folded > 127 : code <= 90 && code >= 65) && this.#fold(code) === folded
  }
}

const SLASH = 47

/** So many characters of a value are tried one by one. */
const SHORT = 24

// Constants of this module: V8 reads an imported one through two objects.
const { exact: EXACT, trailing: TRAILING, open: OPEN } = Ends
