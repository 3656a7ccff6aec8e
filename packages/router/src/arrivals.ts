import { Ends, type Leaf, type Node } from './node'

/** What a walk has come to, the leaves that take the path, and the captures on the way there. */
export class Arrivals {
  /** Counts walks. */
  serial = 0
  /** Of a walk for all leaves: how many nodes with leaves were reached, and of each the node and where the path stood. */
  hits = 0
  readonly nodes: Node[] = []
  readonly ends: number[] = []
  /** Begin and end of captures: of the best leaf from 0 on, of hits each from its offset on. */
  marks: readonly number[] = []
  readonly offsets: number[] = []
  /** Of a walk for one leaf: the first of a route for the method, in the order of leaves. */
  best: Leaf | undefined = undefined
  /** Counts leaves, or nodes with leaves, that were noted. */
  count = 0
  /** Begin and end of the captures on the way to where the walk is. */
  readonly way: number[] = Array.from({ length: 16 }, () => 0) // a store that may grow an array costs more: most paths need no more
  /** So many captures on the way are of the last leaf or hit: they are copied only if the walk goes on over them. */
  pending = 0
  #method = ''
  readonly #kept: number[] = []
  #used = 0

  /** @param method - of the routes of which the best is wanted; '' if all leaves are */
  begin(method: string): void {
    this.serial++
    this.#method = method
    this.best = undefined
    this.hits = this.count = this.pending = this.#used = 0
  }

  end(): void {
    if (this.#used > 0) this.keep()
    this.marks = this.#used === 0 ? this.way : this.#kept
  }

  /** Notes what the capture that has `depth` others behind it takes. */
  mark(depth: number, begin: number, end: number): void {
    if (depth < this.pending) this.keep()
    this.way[2 * depth] = begin
    this.way[2 * depth + 1] = end
  }

  /** Notes the leaves of a node, if the path may end here. */
  arrive(node: Node, path: string, at: number, depth: number): void {
    const left = path.length - at
    if (left > 0 && path.charCodeAt(at) !== SLASH) return
    let ends = left === 0 ? EXACT | TRAILING | OPEN : left === 1 ? TRAILING | OPEN : OPEN
    if (node.search !== this.serial) {
      node.search = this.serial
      node.reached = 0
    }
    ends &= node.ends & ~node.reached
    if (ends === 0) return
    node.reached |= ends

    if (this.#method === '') {
      this.keep()
      this.nodes[this.hits] = node
      this.ends[this.hits] = ends
      this.offsets[this.hits++] = this.#used
    } else if (this.#prefer(node.leaves as Leaf[], ends)) {
      this.#used = 0
    } else {
      return
    }
    this.count++
    this.pending = depth
  }

  keep(): void {
    for (let index = 0; index < 2 * this.pending; index++) this.#kept[this.#used++] = this.way[index] as number
    this.pending = 0
  }

  /** Is one of the leaves better than the best so far? The leaves of a node are in order. */
  #prefer(leaves: readonly Leaf[], ends: number): boolean {
    for (let index = 0; index < leaves.length; index++) {
      const leaf = leaves[index] as Leaf
      if (this.best !== undefined && leaf.order > this.best.order) return false
      if ((leaf.ends & ends) === 0 || !leaf.layer.routes(this.#method)) continue
      this.best = leaf
      return true
    }
    return false
  }
}

const SLASH = 47

// Constants of this module: V8 reads an imported one through two objects.
const { exact: EXACT, trailing: TRAILING, open: OPEN } = Ends
