import { type Stage } from './dispatch'
import { type Handler, type RouterContext } from './handler'
import { type Layer } from './layer'
import { type AnyParams, readGroups, readParams } from './params'
import { type Branch, Ends, type Leaf, type Node, Tree } from './tree'

/** One layer that takes a path, with what its pattern captured: not decoded. */
export class Found implements Stage {
  readonly layer: Layer
  readonly order: number
  /** undefined for a RegExp layer. */
  readonly #leaf: Leaf | undefined
  readonly #captured: (string | undefined)[]
  readonly #groups: Record<string, string> | undefined

  constructor(layer: Layer, order: number, leaf: Leaf | undefined, captured: (string | undefined)[], groups?: Record<string, string>) {
    this.layer = layer
    this.order = order
    this.#leaf = leaf
    this.#captured = captured
    this.#groups = groups
  }

  get stack(): readonly Handler[] {
    return this.layer.stack
  }

  /** Tells `ctx` which layer runs from here on. */
  enter(ctx: RouterContext): void {
    const { path, name } = this.layer
    ctx.captures = this.captures()
    ctx.params = ctx.request.params = this.params(ctx.params) as Record<string, string>
    ctx.routerPath = ctx._matchedRoute = path
    ctx.routerName = name
    if (name !== undefined) ctx._matchedRouteName = name
  }

  /** As `layer.captures(path)`: captures of sequences that were not taken are undefined. */
  captures(): (string | undefined)[] {
    if (this.layer.opts.ignoreCaptures) return []
    const { sequences } = this.layer
    if (sequences.length < 2) return this.#captured
    return sequences.flatMap((sequence) => {
      const captures = sequence.filter((part) => typeof part !== 'string')
      return sequence === this.#leaf?.sequence ? this.#captured : captures.map(() => undefined)
    })
  }

  /**
   * The params, beside a copy of `existing`.
   * @throws BadPathError (status 400) for a percent-encoding that means nothing
   */
  params(existing?: object): AnyParams {
    if (this.layer.opts.ignoreCaptures) return { ...existing }
    if (this.#leaf === undefined) return readGroups(this.#captured, this.#groups, existing)
    return readParams(this.#leaf.captures, this.#captured, existing)
  }
}

/** What `match` gives: as in @koa/router, with what was captured for the layers that run. */
export interface Selection {
  /** Layers that take the path, whatever the method. */
  readonly path: Layer[]
  /** Those of them that run for the method. */
  readonly found: Found[]
  /** Is one of these a route, not a middleware of `use`? */
  readonly route: boolean
}

/** A node that was reached with the path's end or a '/' ahead, and where its captures began and ended. */
interface Hit {
  readonly node: Node
  readonly ends: number
  readonly marks: readonly number[]
}

/**
 * The layers of a router, compiled into one tree (two where some are case-sensitive), so that a match costs what the
 * path and the layers that take it cost, not what the table holds. RegExp layers are asked one by one.
 *
 * The tree is walked once for all layers. Where a capture may end in several places, the longest is tried first, as a
 * regular expression would; path-to-regexp's rules (see pattern.ts) leave so few of these that a walk is linear.
 * Synchronous, and calls nothing of the user's: one walk's state lives in fields.
 */
export class Matcher {
  /** How many layers were added. */
  size = 0
  readonly #trees: Tree[] = []
  readonly #regexps: { layer: Layer; order: number }[] = []
  #tree: Tree = new Tree(false)
  #path = ''
  #marks: number[] = []
  #hits: Hit[] = []
  #serial = 0

  /** Adds a layer behind those added before. */
  add(layer: Layer): void {
    const order = this.size++
    if (layer.sequences.length === 0) {
      this.#regexps.push({ layer, order: order * 1024 })
      return
    }
    let tree = this.#trees.find((candidate) => candidate.sensitive === layer.sensitive)
    if (tree === undefined) this.#trees.push((tree = new Tree(layer.sensitive)))
    tree.add(layer, order)
  }

  /** The first route in the order of registration that takes path and method. */
  first(path: string, method: string): Found | undefined {
    let best: Leaf | undefined
    let from: Hit | undefined
    for (const hit of this.#search(path)) {
      for (const leaf of hit.node.leaves as Leaf[]) {
        if ((leaf.ends & hit.ends) === 0 || !leaf.layer.routes(method)) continue
        if (best === undefined || leaf.order < best.order) {
          best = leaf
          from = hit
        }
        break
      }
    }
    for (const { layer, order } of this.#regexps) {
      if (best !== undefined && best.order < order) break
      if (!layer.routes(method)) continue
      const found = ask(layer, order, path)
      if (found !== undefined) return found
    }
    return best === undefined ? undefined : take(best, from as Hit, path)
  }

  /** All layers that take the path, in the order of registration, and those of them that run for `method`. */
  select(path: string, method: string): Selection {
    const all: Found[] = []
    for (const hit of this.#search(path)) {
      for (const leaf of hit.node.leaves as Leaf[]) {
        if ((leaf.ends & hit.ends) !== 0) all.push(take(leaf, hit, path))
      }
    }
    for (const { layer, order } of this.#regexps) {
      const found = ask(layer, order, path)
      if (found !== undefined) all.push(found)
    }
    all.sort((a, b) => a.order - b.order)

    const selection = { path: [] as Layer[], found: [] as Found[], route: false }
    let previous: Layer | undefined
    for (const found of all) {
      const { layer } = found
      if (layer === previous) continue // a second sequence of one pattern
      previous = layer
      selection.path.push(layer)
      if (layer.methods.length === 0) selection.found.push(found)
      else if (layer.routes(method)) {
        selection.found.push(found)
        selection.route = true
      }
    }
    return selection
  }

  // ── The walk ────────────────────────────────────────────────────────────────────────────────

  #search(path: string): readonly Hit[] {
    this.#path = path
    this.#hits = []
    for (const tree of this.#trees) {
      this.#tree = tree
      this.#serial++
      this.#visit(tree.root, 0, 0)
    }
    return this.#hits
  }

  /** Goes on from `node`, whose text ends at `at`, with `depth` captures behind it. */
  #visit(node: Node, at: number, depth: number): void {
    const path = this.#path
    const { fold } = this.#tree
    for (;;) {
      if (node.ends !== 0) this.#arrive(node, at, depth)
      if (at === path.length) return
      if (node.segment !== undefined) this.#capture(node.segment, at, this.#segmentEnd(at), depth, true)
      if (node.rest !== undefined) this.#capture(node.rest, at, path.length, depth, false)
      if (node.branches !== undefined) for (const branch of node.branches) this.#branch(branch, at, depth)

      const next = node.next(fold(path.charCodeAt(at)))
      if (next === undefined) return
      const end = at + next.text.length
      if (end > path.length) return
      for (let index = 1; ++at < end; index++) {
        if (fold(path.charCodeAt(at)) !== next.text[index]) return
      }
      node = next
    }
  }

  /** Notes a node's leaves if the path may end here. */
  #arrive(node: Node, at: number, depth: number): void {
    const { length } = this.#path
    let ends: number
    if (at === length) ends = Ends.exact | Ends.trailing | Ends.open
    else if (this.#path.charCodeAt(at) !== SLASH) return
    else ends = at === length - 1 ? Ends.trailing | Ends.open : Ends.open

    if (node.serial !== this.#serial) {
      node.serial = this.#serial
      node.reached = 0
    }
    ends &= node.ends & ~node.reached
    if (ends === 0) return
    node.reached |= ends
    this.#hits.push({ node, ends, marks: depth === 0 ? NO_MARKS : this.#marks.slice(0, 2 * depth) })
  }

  /** Takes at least one character from `at` and at most those before `end`, and goes on: the longest first. */
  #capture(to: Node, at: number, end: number, depth: number, inSegment: boolean): void {
    if (end === at) return
    this.#marks[2 * depth] = at
    this.#marks[2 * depth + 1] = end
    this.#visit(to, end, depth + 1)
    if (inSegment ? !to.inner : !to.inner && !to.slash && (to.ends & Ends.open) === 0) return
    const { fold } = this.#tree
    for (let last = end - 1; last > at; last--) {
      const code = fold(this.#path.charCodeAt(last))
      if (to.next(code) === undefined && (code !== SLASH || (to.ends & Ends.open) === 0)) continue
      this.#marks[2 * depth + 1] = last
      this.#visit(to, last, depth + 1)
    }
  }

  #branch({ capture, to }: Branch, at: number, depth: number): void {
    const { until, inSegment, orText, orSegment } = capture
    this.#capture(to, at, this.#runEnd(at, until, inSegment), depth, inSegment)
    if (orText !== '' && this.#begins(orText, at)) {
      this.#marks[2 * depth] = at
      this.#marks[2 * depth + 1] = at + orText.length
      this.#visit(to, at + orText.length, depth + 1)
    }
    if (orSegment) this.#capture(to, at, this.#segmentEnd(at), depth, true)
  }

  #segmentEnd(at: number): number {
    const slash = this.#path.indexOf('/', at)
    return slash === -1 ? this.#path.length : slash
  }

  #runEnd(at: number, until: string, inSegment: boolean): number {
    const end = inSegment ? this.#segmentEnd(at) : this.#path.length
    for (let index = at; index < end; index++) {
      if (until !== '' && this.#begins(until, index)) return index
    }
    return end
  }

  /** Is `text` in the path at `at`, as this tree compares? */
  #begins(text: string, at: number): boolean {
    const { fold } = this.#tree
    if (at + text.length > this.#path.length) return false
    for (let index = 0; index < text.length; index++) {
      if (fold(text.charCodeAt(index)) !== fold(this.#path.charCodeAt(at + index))) return false
    }
    return true
  }
}

function take(leaf: Leaf, hit: Hit, path: string): Found {
  const { marks } = hit
  const captured: string[] = []
  for (let index = 0; index < marks.length; index += 2) captured.push(path.slice(marks[index], marks[index + 1]))
  return new Found(leaf.layer, leaf.order, leaf, captured)
}

/** A global or sticky RegExp would go on where it last stopped. */
function ask(layer: Layer, order: number, path: string): Found | undefined {
  const { regexp } = layer
  regexp.lastIndex = 0
  const match = regexp.exec(path)
  if (match === null) return undefined
  return new Found(layer, order, undefined, match.slice(1), match.groups)
}

const NO_MARKS: readonly number[] = []

const SLASH = 47
