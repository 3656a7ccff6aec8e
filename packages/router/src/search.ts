import { keep } from './fold'
import { type Branch, Ends, type Leaf, type Node } from './node'
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
  readonly marks: number[] = []
  readonly offsets: number[] = []
  #path = ''
  #method = ''
  #best: Leaf | undefined = undefined
  #used = 0
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
    this.hits = this.#used = 0
    this.#walk(trees, path)
  }

  #walk(trees: readonly Tree[], path: string): void {
    this.serial++
    this.#path = path
    for (let index = 0; index < trees.length; index++) {
      const { root, fold } = trees[index] as Tree
      this.#fold = fold
      this.#visit(root, 0, 0)
    }
  }

  /** Goes on from `node`, whose text ends at `at`, with `depth` captures behind it. */
  #visit(node: Node, at: number, depth: number): void {
    const path = this.#path
    const { length } = path
    for (;;) {
      let segment: Node | undefined
      if (node.stops) {
        if (at + 1 >= length ? node.ends !== 0 : (node.ends & OPEN) !== 0) this.#arrive(node, at, depth)
        if (at === length) return
        if (node.rest !== undefined) this.#takeRest(node.rest, at, depth)
        const { branches } = node
        if (branches !== undefined) for (let index = 0; index < branches.length; index++) this.#branch(branches[index] as Branch, at, depth)
        segment = node.segment
      } else if (at === length) return

      const code = path.charCodeAt(at)
      let next = node.next(code)
      if (next === undefined && mayFold(code)) next = node.next(this.#fold(code))
      if (next !== undefined) {
        const end = next.text.length === 1 ? at + 1 : this.#textEnd(next.text, 1, at + 1)
        if (end !== -1) {
          if (segment === undefined) {
            node = next
            at = end
            continue
          }
          this.#visit(next, end, depth)
        }
      }
      if (segment === undefined) return
      const end = this.#segmentEnd(at)
      if (end === at) return
      if (segment.inner) {
        this.#take(segment, at, end, depth, true)
        return
      }
      this.#way[2 * depth] = at
      this.#way[2 * depth + 1] = end
      node = segment
      at = end
      depth++
    }
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
      this.nodes[this.hits] = node
      this.ends[this.hits] = ends
      this.offsets[this.hits++] = this.#used
    } else if (this.#prefer(node.leaves as Leaf[], ends)) {
      this.#used = 0
    } else {
      return
    }
    for (let index = 0; index < 2 * depth; index++) this.marks[this.#used++] = this.#way[index] as number
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

  /** Takes at least one character from `at` and at most those before `end`, and goes on: the longest first. */
  #take(to: Node, at: number, end: number, depth: number, inSegment: boolean): void {
    if (end === at) return
    this.#way[2 * depth] = at
    this.#way[2 * depth + 1] = end
    if (end < this.#path.length) this.#visit(to, end, depth + 1)
    else if (to.ends !== 0) this.#arrive(to, end, depth + 1)
    const open = !inSegment && (to.ends & OPEN) !== 0
    if (!to.inner && !open && (inSegment || !to.slash)) return
    const path = this.#path
    const { sole } = to
    for (let last = end - 1; last > at; last--) {
      const code = path.charCodeAt(last)
      // Most characters lead nowhere: this line is what a long value costs.
      if (code !== sole && sole >= 0 && !mayFold(code) && !open) continue
      let next = to.next(code)
      if (next === undefined && mayFold(code)) next = to.next(this.#fold(code))
      if (next === undefined && !(open && code === SLASH)) continue
      this.#way[2 * depth + 1] = last
      if (open && code === SLASH) this.#arrive(to, last, depth + 1)
      const textEnd = next === undefined ? -1 : this.#textEnd(next.text, 1, last + 1)
      if (textEnd !== -1) this.#visit(next as Node, textEnd, depth + 1)
    }
  }

  #takeRest(to: Node, at: number, depth: number): void {
    if (to.sole !== -1) {
      this.#take(to, at, this.#path.length, depth, false)
      return
    }
    this.#way[2 * depth] = at
    this.#way[2 * depth + 1] = this.#path.length
    this.#arrive(to, this.#path.length, depth + 1)
  }

  #branch({ capture, until, orText, to }: Branch, at: number, depth: number): void {
    const end = this.#runEnd(at, until, capture.inSegment)
    if (end > at) {
      this.#take(to, at, end, depth, capture.inSegment)
    } else if (orText.length > 0 && this.#path.charCodeAt(at) !== SLASH) {
      // The run is empty because `until` is here, and that is what `orText` is.
      this.#way[2 * depth] = at
      this.#way[2 * depth + 1] = at + orText.length
      this.#visit(to, at + orText.length, depth + 1)
    }
    if (capture.orSegment) this.#take(to, at, this.#segmentEnd(at), depth, true)
  }

  #segmentEnd(at: number): number {
    const slash = this.#path.indexOf('/', at)
    return slash === -1 ? this.#path.length : slash
  }

  /** Where `until` begins, or the segment or the path ends. Looks no further: runs begin at many places of one path. */
  #runEnd(at: number, until: readonly number[], inSegment: boolean): number {
    const path = this.#path
    const first = until[0] as number
    for (let index = at; index < path.length; index++) {
      const code = path.charCodeAt(index)
      if (inSegment && code === SLASH) return index
      if ((code === first || mayFold(code)) && this.#textEnd(until, 0, index) !== -1) return index
    }
    return path.length
  }

  /** Where `text` from `index` on ends in the path if it goes on so at `at`, or -1. */
  #textEnd(text: readonly number[], index: number, at: number): number {
    const path = this.#path
    const { length } = text
    if (at + length - index > path.length) return -1
    for (; index < length; index++, at++) {
      const code = path.charCodeAt(at)
      // Most characters are the same as they are; only the others need folding.
      if (code !== text[index] && !(mayFold(code) && this.#fold(code) === text[index])) return -1
    }
    return at
  }
}

/** Are there characters that equal this one in another case? Texts are folded, so that lower case ASCII is as it is. */
function mayFold(code: number): boolean {
  return (code <= 90 && code >= 65) || code > 127
}

const SLASH = 47

// Constants of this module: V8 reads an imported one through two objects.
const { exact: EXACT, trailing: TRAILING, open: OPEN } = Ends
