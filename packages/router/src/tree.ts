import { fold, keep } from './fold'
import { type Layer } from './layer'
import { Ends, Leaf, Node } from './node'
import { type Capture, type Sequence } from './pattern'
import { Tail } from './tail'

/** Sequences with their common beginnings merged. In one tree letter case either counts or does not. */
export class Tree {
  readonly root = new Node([])
  readonly sensitive: boolean
  /** How a character is compared. */
  readonly fold: (code: number) => number

  constructor(sensitive: boolean) {
    this.sensitive = sensitive
    this.fold = sensitive ? keep : fold
  }

  /** @param place - the layer's in the table, from 0 */
  add(layer: Layer, place: number): void {
    const ends = Ends.exact | (layer.trailing ? Ends.trailing : 0) | (layer.end ? 0 : Ends.open)
    for (const [rank, sequence] of layer.sequences.entries()) {
      this.#walk(layer, sequence).end(new Leaf(layer, orderOf(place) + rank, ends, sequence))
    }
  }

  /** A text as it is compared. */
  codes(text: string): number[] {
    const codes: number[] = []
    for (let index = 0; index < text.length; index++) codes.push(this.fold(text.charCodeAt(index)))
    return codes
  }

  #walk(layer: Layer, sequence: Sequence): Node {
    let node = this.root
    for (const [index, part] of sequence.entries()) {
      if (typeof part === 'string') {
        node = this.#text(node, this.codes(part), 0)
      } else {
        node = this.#capture(node, part)
        node.follows(new Tail(part, sequence.slice(index + 1), layer.end, (text) => this.codes(text)), this.codes(part.until))
      }
    }
    return node
  }

  /** The node below `from` at the end of `text`, whose first `at` characters led to `from`; splits where texts part. */
  #text(from: Node, text: readonly number[], at: number): Node {
    if (at === text.length) return from
    from.leafCount++
    const next = from.next(text[at] as number)
    if (next === undefined) {
      const made = new Node(text.slice(at))
      from.follow(made)
      return made
    }
    let common = 1
    while (common < next.text.length && next.text[common] === text[at + common]) common++
    if (common === next.text.length) return this.#text(next, text, at + common)

    const fork = new Node(next.text.slice(0, common))
    next.begin(next.text.slice(common))
    fork.follow(next)
    fork.leafCount = next.leafCount
    from.follow(fork)
    return this.#text(fork, text, at + common)
  }

  #capture(from: Node, capture: Capture): Node {
    const { inSegment, orSegment } = capture
    from.captures = 1
    from.leafCount++
    if (capture.until === '' && inSegment) return (from.segment ??= new Node([]))
    if (capture.until === '' && !orSegment) return (from.rest ??= new Node([]))
    const until = this.codes(capture.until)
    const orText = this.codes(capture.orText)
    from.branches ??= []
    let branch = from.branches.find((other) =>
      other.capture.inSegment === inSegment && other.capture.orSegment === orSegment && same(other.until, until) && same(other.orText, orText))
    if (branch === undefined) from.branches.push((branch = { capture, until, orText, to: new Node([]) }))
    return branch.to
  }
}

/** The order of the first leaf of the layer at `place`; the others' follow. A pattern has no more sequences than 256. */
export function orderOf(place: number): number {
  return place * 256
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((code, index) => code === b[index])
}
