import { fold, keep } from './fold'
import { type Layer } from './layer'
import { type Capture, type Sequence } from './pattern'

/** Where a path may stand when a leaf takes it; a leaf's `ends` and a hit's are sets of these bits. */
export const Ends = {
  /** At its end. */
  exact: 1,
  /** Or before a last '/'. */
  trailing: 2,
  /** Or before any '/': the path goes on. */
  open: 4,
} as const

/** One way to one layer: the last step of one sequence of its pattern. */
export interface Leaf {
  readonly layer: Layer
  /** Sorts leaves: by the layer's place in the table, then by the sequence's in its pattern. */
  readonly order: number
  readonly ends: number
  readonly sequence: Sequence
  /** The captures on the way here, in order. */
  readonly captures: readonly Capture[]
}

/** A branch that a capture of its own kind leads to. */
export interface Branch {
  readonly capture: Capture
  readonly to: Node
}

/**
 * A node of the tree: `text` leads to it, and on from it lead texts (told apart by their first character), the plain
 * param, the plain wildcard, and captures that end at a text.
 */
export class Node {
  /** Folded character codes. */
  text: readonly number[]
  leaves: Leaf[] | undefined = undefined
  /** The union of the leaves' `ends`. */
  ends = 0
  segment: Node | undefined = undefined
  rest: Node | undefined = undefined
  branches: Branch[] | undefined = undefined
  /** Does a text lead on that begins with '/', or with anything else? */
  slash = false
  inner = false
  /** In which match a leaf was last reached, and the `ends` that were: a later way to it is a worse one. */
  serial = 0
  reached = 0
  /** Texts that lead on: by code − `low` for ASCII, the others by code. */
  #low = 0
  #ascii: (Node | undefined)[] = []
  #wide: Map<number, Node> | undefined = undefined

  constructor(text: readonly number[]) {
    this.text = text
  }

  /** The node whose text begins with `code`. */
  next(code: number): Node | undefined {
    const index = code - this.#low
    if (index >= 0 && index < this.#ascii.length) return this.#ascii[index]
    return this.#wide === undefined ? undefined : this.#wide.get(code)
  }

  /** Makes `node` follow, instead of the one whose text begins with the same character. */
  follow(node: Node): void {
    const code = node.text[0] as number
    if (code === SLASH) this.slash = true
    else this.inner = true
    if (code >= 128) {
      this.#wide ??= new Map()
      this.#wide.set(code, node)
      return
    }
    if (this.#ascii.length === 0) this.#low = code
    if (code < this.#low) {
      this.#ascii = [...new Array<undefined>(this.#low - code).fill(undefined), ...this.#ascii]
      this.#low = code
    }
    while (this.#ascii.length <= code - this.#low) this.#ascii.push(undefined)
    this.#ascii[code - this.#low] = node
  }

  /** Adds a leaf; one layer has one leaf here, its first. */
  end(leaf: Leaf): void {
    this.leaves ??= []
    if (this.leaves.some(({ layer }) => layer === leaf.layer)) return
    this.leaves.push(leaf)
    this.ends |= leaf.ends
  }
}

/** Sequences with their common beginnings merged; letter case counts or not for the whole tree. */
export class Tree {
  readonly root = new Node([])
  readonly sensitive: boolean
  readonly fold: (code: number) => number

  constructor(sensitive: boolean) {
    this.sensitive = sensitive
    this.fold = sensitive ? keep : fold
  }

  /** @param order - the layer's place in the table, a whole number */
  add(layer: Layer, order: number): void {
    const ends = Ends.exact | (layer.trailing ? Ends.trailing : 0) | (layer.end ? 0 : Ends.open)
    for (const [rank, sequence] of layer.sequences.entries()) {
      const captures = sequence.filter((element) => typeof element !== 'string')
      this.#walk(sequence).end({ layer, order: order * RANKS + rank, ends, sequence, captures })
    }
  }

  #walk(sequence: Sequence): Node {
    let node = this.root
    for (const element of sequence) {
      node = typeof element === 'string' ? this.#text(node, this.codes(element)) : this.#capture(node, element)
    }
    return node
  }

  /** The node below `from` at the end of `text`, split off where texts part. */
  #text(from: Node, text: readonly number[]): Node {
    if (text.length === 0) return from
    const next = from.next(text[0] as number)
    if (next === undefined) {
      const made = new Node(text)
      from.follow(made)
      return made
    }
    let common = 1
    while (common < text.length && common < next.text.length && text[common] === next.text[common]) common++
    if (common === next.text.length) return this.#text(next, text.slice(common))

    const fork = new Node(text.slice(0, common))
    next.text = next.text.slice(common)
    fork.follow(next)
    from.follow(fork)
    return this.#text(fork, text.slice(common))
  }

  #capture(from: Node, capture: Capture): Node {
    const { inSegment, until, orText, orSegment } = capture
    if (until === '' && inSegment) return (from.segment ??= new Node([]))
    if (until === '' && !orSegment) return (from.rest ??= new Node([]))
    from.branches ??= []
    let branch = from.branches.find(({ capture: other }) =>
      other.inSegment === inSegment && other.orSegment === orSegment && this.#same(other.until, until) && this.#same(other.orText, orText))
    if (branch === undefined) from.branches.push((branch = { capture, to: new Node([]) }))
    return branch.to
  }

  #same(a: string, b: string): boolean {
    return a === b || String(this.codes(a)) === String(this.codes(b))
  }

  /** A text as it is compared. */
  codes(text: string): number[] {
    return Array.from({ length: text.length }, (_, index) => this.fold(text.charCodeAt(index)))
  }
}

/** More than a pattern has sequences. */
const RANKS = 1024

const SLASH = 47
