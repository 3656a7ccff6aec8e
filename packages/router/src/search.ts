import { Arrivals } from './arrivals'
import { type Branch, Ends, type Leaf, type Node } from './node'
import { PathText } from './path-text'
import { type Chain } from './tail'
import { type Tree } from './tree'
import { isIn, windowsOf } from './windows'

/**
 * Walks trees along one path. All layers are found in one walk. Where a capture may end in several places the longest is
 * tried first, as a regular expression would; path-to-regexp's rules (pattern.ts) leave so few that a walk is linear.
 *
 * Synchronous and not re-entrant; its arrays are used again by the next walk, so that a walk allocates nothing.
 */
export class Search {
  readonly arrivals = new Arrivals()
  readonly #text = new PathText()

  /** The first leaf of a route for `method`, in the order of leaves. */
  first(trees: readonly Tree[], path: string, method: string): Leaf | undefined {
    this.#walk(trees, path, method)
    return this.arrivals.best
  }

  /** Every leaf that takes the path: of the arrivals' nodes those that fit their `ends`. */
  all(trees: readonly Tree[], path: string): void {
    this.#walk(trees, path, '')
  }

  #walk(trees: readonly Tree[], path: string, method: string): void {
    this.arrivals.begin(method)
    this.#text.path = path
    for (let index = 0; index < trees.length; index++) {
      const { root, fold } = trees[index] as Tree
      this.#text.fold = fold
      // Mostly all begin with '/': one node less.
      this.#visit(root.below !== undefined && root.ends === 0 && root.captures === 0 && path.charCodeAt(0) === SLASH ? root.below : root, 0, 0)
    }
    this.arrivals.end()
  }

  /** Goes on to `node`, whose text begins with the character at `at`, with `depth` captures behind it. */
  #visit(node: Node, from: number, depth: number): void {
    const text = this.#text
    const { arrivals } = this
    const { path } = text
    const { length } = path
    let at = from | 0 // an integer: its callers' are tagged
    // The last of the ways on is taken in this loop, the others by recursion: mostly there is one way.
    for (;;) {
      const { size } = node
      if (size === 1) at++ // not `+= size`: the processor then need not wait for the node to read the next character
      else if (size !== 0 && (at = text.textEnd(node.text, at)) === -1) return
      if (node.ends !== 0 && (at + 1 >= length || (node.ends & OPEN) !== 0)) arrivals.arrive(node, path, at, depth)
      if (at >= length) return
      const next = text.next(node, path.charCodeAt(at))
      if (node.captures === 0) {
        if (next === undefined) return
        node = next
        continue
      }

      if (next !== undefined) this.#visit(next, at, depth)
      const { rest, branches, segment } = node
      let to: Node | undefined = segment
      let end = at
      if (rest !== undefined) {
        if (rest.sole === -1 && branches === undefined && segment === undefined) {
          to = rest
          end = length
        } else {
          this.#takeRest(rest, at, depth)
        }
      }
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
        end = text.segmentEnd(at)
        if (end === at) return
        if (segment.inner) {
          this.#take(segment, at, end, depth, true, true)
          return
        }
      }
      if (to === undefined) return
      arrivals.mark(depth, at, end)
      depth++
      node = to
      at = end
      // Mostly a segment with more behind it: one node less.
      if (to === segment && end + 1 < length && (to.ends & OPEN) === 0) {
        if (to.below === undefined) return
        node = to.below
      }
    }
  }

  /** Goes on behind a capture that took what is from `at` to `end`. */
  #go(to: Node, at: number, end: number, depth: number): void {
    const { path } = this.#text
    this.arrivals.mark(depth, at, end)
    if (to.ends !== 0) this.arrivals.arrive(to, path, end, depth + 1)
    if (end === path.length) return
    const next = this.#text.next(to, path.charCodeAt(end))
    if (next !== undefined) this.#visit(next, end, depth + 1)
  }

  /**
   * Takes at least one character from `at` and at most those before `end`, and goes on: the longest first.
   * @param whole - is `end` where the capture's segment, or for a wildcard the path, ends?
   */
  #take(to: Node, at: number, end: number, depth: number, inSegment: boolean, whole: boolean): void {
    if (end === at) return
    const before = this.arrivals.count
    this.#go(to, at, end, depth)
    const open = !inSegment && (to.ends & OPEN) !== 0
    if (!to.inner && !open && (inSegment || to.below === undefined)) return
    const { path } = this.#text
    const sole = open ? -2 : inSegment ? to.soleInner : to.sole
    const { separator = NO_TEXT, chains } = to.tails ?? {}
    let { places = 0 } = to.tails ?? {}
    let last = whole && sole >= 0 ? end - separator.length : end - 1
    let least = at + 1
    let windows: readonly number[] | undefined
    if (whole && !open && end - at > SHORT && chains !== undefined && chains.length > 0) {
      windows = windowsOf(this.#text, chains, at, end)
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
        if (code !== sole && !this.#text.same(code, sole)) continue
        if (separator.length > 1 && this.#text.textEnd(separator, last) === -1) continue
        if (places-- === 0) return
      }
      const next = this.#text.next(to, code)
      if (next === undefined && !(open && code === SLASH)) continue
      if (windows !== undefined && !isIn(this.#text, windows, chains as readonly Chain[], last, code)) continue
      this.arrivals.mark(depth, at, last)
      if (open && code === SLASH) this.arrivals.arrive(to, path, last, depth + 1)
      if (next === undefined) continue
      this.#visit(next, last, depth + 1)
      if (to.leafCount === 1 && this.arrivals.count > before) return // a shorter value would only find the same again
    }
  }

  #takeRest(to: Node, at: number, depth: number): void {
    const { path } = this.#text
    if (to.sole !== -1) {
      this.#take(to, at, path.length, depth, false, true)
      return
    }
    this.arrivals.mark(depth, at, path.length)
    this.arrivals.arrive(to, path, path.length, depth + 1)
  }

  /** @returns where the capture ends, if that is its only end and nothing was done yet; else `at` */
  #branch({ capture, until, orText, to }: Branch, at: number, depth: number): number {
    const { inSegment, orSegment } = capture
    const end = this.#text.runTo(at, until, inSegment)
    const segmentEnd = orSegment ? this.#text.segmentEnd(at) : end
    if (end === at) {
      // The run is empty because `until` is here, and that is what `orText` is.
      if (orText.length > 0 && this.#text.path.charCodeAt(at) !== SLASH) return at + orText.length
    } else {
      if ((to.tails === undefined || to.tails.sure) && segmentEnd <= end && (to.ends & OPEN) === 0) return end
      this.#take(to, at, end, depth, inSegment, false)
    }
    if (segmentEnd > end) this.#take(to, at, segmentEnd, depth, true, false)
    return at
  }
}

const SLASH = 47
const NO_TEXT: readonly number[] = []

/** So many characters of a value are tried one by one. */
const SHORT = 24

// A constant of this module: V8 reads an imported one through two objects.
const { open: OPEN } = Ends
