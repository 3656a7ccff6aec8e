import { type Layer } from './layer'
import { plainParams, type PlainParams } from './params'
import { type Capture, type Sequence } from './pattern'
import { type Tail } from './tail'
import { Tails } from './tails'

/** Where a path may stand when a leaf takes it: sets of these bits. */
export const Ends = {
  /** At its end. */
  exact: 1,
  /** Or before a last '/'. */
  trailing: 2,
  /** Or before any '/': the path goes on. */
  open: 4,
} as const

/** One way to one layer: the last step of one sequence of its pattern. */
export class Leaf {
  readonly layer: Layer
  /** Sorts leaves: by the layer's place in the table, then by the sequence's in its pattern. */
  readonly order: number
  readonly ends: number
  readonly sequence: Sequence
  /** The captures on the way here, in order. */
  readonly captures: readonly Capture[]
  /** In which search it was last found, and by which hit. */
  search = 0
  hit = 0
  #plain: PlainParams | undefined = undefined

  constructor(layer: Layer, order: number, ends: number, sequence: Sequence) {
    this.layer = layer
    this.order = order
    this.ends = ends
    this.sequence = sequence
    this.captures = sequence.some((part) => typeof part !== 'string') ? sequence.filter((part) => typeof part !== 'string').slice() : NO_CAPTURES
  }

  /** What makes its params if the path is not encoded; made when it is first used, for most leaves of a large table never are. */
  get plain(): PlainParams {
    return (this.#plain ??= plainParams(this.captures))
  }
}

/** A branch that a capture which ends at a text leads to. */
export interface Branch {
  readonly capture: Capture
  readonly until: readonly number[]
  readonly orText: readonly number[]
  readonly to: Node
}

/**
 * A node of the tree: `text` (folded character codes) leads to it, and on from it lead texts, told apart by their first
 * character, the plain param, the plain wildcard, and captures that end at a text.
 */
export class Node {
  // What each step of a walk reads comes first, so that it is mostly in one cache line; nothing is a boolean or `#private`,
  // because V8 tests the first in ten instructions and forgets that the second is a small integer.
  text: readonly number[] = NO_TEXT
  /** The text's length. */
  size = 0
  /** Texts that lead on: by code − `low` for ASCII, others by code. */
  low = 0
  ascii: (Node | undefined)[] = NONE
  /** The union of the leaves' `ends`. */
  ends = 0
  /** 1: captures lead on. */
  captures = 0
  segment: Node | undefined = undefined
  rest: Node | undefined = undefined
  branches: Branch[] | undefined = undefined
  /** The node whose text begins with '/'. */
  below: Node | undefined = undefined
  /** The code that the one text which leads on, and does not begin with '/', begins with; -1: none does, -2: several do. */
  soleInner = -1
  beyondAscii: Map<number, Node> | undefined = undefined
  leaves: Leaf[] | undefined = undefined
  /** In which search a leaf was last reached, and the `ends` that were: a later way to it is a worse one. */
  search = 0
  reached = 0
  /** After a capture. */
  tails: Tails | undefined = undefined
  /** At most so many leaves are here and below. */
  leafCount = 0

  constructor(text: readonly number[]) {
    this.begin(text)
  }

  /** Makes another text lead here. */
  begin(text: readonly number[]): void {
    this.text = text
    this.size = text.length
  }

  /** Does a text lead on that does not begin with '/'? */
  get inner(): boolean {
    return this.soleInner !== -1
  }

  /** As `soleInner`, of all texts that lead on. */
  get sole(): number {
    if (this.below === undefined) return this.soleInner
    return this.soleInner === -1 ? SLASH : -2
  }

  /** Does a text lead on that begins with a character beyond ASCII? */
  get wide(): boolean {
    return this.beyondAscii !== undefined
  }

  /** The node whose text begins with `code`. */
  next(code: number): Node | undefined {
    const index = code - this.low
    if (index >>> 0 < this.ascii.length) return this.ascii[index] // below 0 is far above it
    return this.beyondAscii === undefined ? undefined : this.beyondAscii.get(code)
  }

  /** Makes `node` follow, instead of the one whose text begins with the same character. */
  follow(node: Node): void {
    const code = node.text[0] as number
    if (code === SLASH) {
      this.below = node
    } else {
      this.soleInner = this.soleInner === -1 || this.soleInner === code ? code : -2
    }
    if (code >= 128) {
      this.beyondAscii ??= new Map()
      this.beyondAscii.set(code, node)
      return
    }
    const high = this.low + this.ascii.length - 1
    if (this.ascii === NONE) {
      this.low = code
      this.ascii = [node]
    } else if (code < this.low || code > high) {
      const low = Math.min(code, this.low)
      const ascii = Array.from({ length: Math.max(code, high) - low + 1 }, (_, index) => this.ascii[index + low - this.low])
      ascii[code - low] = node
      this.low = low
      this.ascii = ascii
    } else {
      this.ascii[code - this.low] = node
    }
  }

  /** Notes what may follow, if a capture leads here that ends at the text `until`. */
  follows(tail: Tail, until: readonly number[]): void {
    if (tail.separator.length > 0) (this.tails ??= new Tails()).add(tail, until)
  }

  /** Adds a leaf; one layer has one leaf here, its first. */
  end(leaf: Leaf): void {
    if (this.leaves === undefined) this.leaves = [leaf]
    else if (this.leaves.every(({ layer }) => layer !== leaf.layer)) this.leaves.push(leaf)
    this.ends |= leaf.ends
    this.leafCount++
  }
}

const SLASH = 47
const NO_TEXT: readonly number[] = []
const NONE: (Node | undefined)[] = [undefined]
const NO_CAPTURES: readonly Capture[] = []
