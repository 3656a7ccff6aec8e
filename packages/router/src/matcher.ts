import { Found } from './found'
import { type Layer } from './layer'
import { type Leaf, type Node } from './node'
import { type AnyParams, capturesAt, readParams } from './params'
import { Search } from './search'
import { orderOf, Tree } from './tree'

/** What `router.find` gives. */
export interface Match {
  readonly route: Layer
  readonly params: AnyParams
}

/** What `router.match` gives. */
export interface MatchResult {
  /** Layers that take the path, whatever the method. */
  readonly path: Layer[]
  /** Those of them that run for the method. */
  readonly pathAndMethod: Layer[]
  /** Is one of these a route? */
  readonly route: boolean
}

/** What `select` gives. */
export interface Selection {
  /** Layers that take the path, whatever the method. */
  readonly path: Layer[]
  /** Those of them that run for the method. */
  readonly found: Found[]
  /** Is one of these a route, not a middleware of `use`? */
  readonly route: boolean
}

/**
 * The layers of a router, compiled into one tree (two where some are case-sensitive), so that a match costs what the
 * path and the layers that take it cost, not what the table holds. RegExp layers are asked one by one.
 */
export class Matcher {
  /** How many layers were added. */
  size = 0
  /** The last of them. */
  last: Layer | undefined = undefined
  readonly #trees: Tree[] = []
  readonly #regexps: { layer: Layer; order: number }[] = []
  readonly #search = new Search()

  /** Adds a layer behind those added before. */
  add(layer: Layer): void {
    const place = this.size++
    this.last = layer
    if (layer.sequences.length === 0) {
      this.#regexps.push({ layer, order: orderOf(place) })
      return
    }
    let tree = this.#trees.find(({ sensitive }) => sensitive === layer.sensitive)
    if (tree === undefined) this.#trees.push((tree = new Tree(layer.sensitive)))
    tree.add(layer, place)
  }

  /** The first route in the order of registration that takes path and method. */
  first(path: string, method: string): Match | null {
    const best = this.#search.first(this.#trees, path, method)
    for (let index = 0; index < this.#regexps.length; index++) {
      const { layer, order } = this.#regexps[index] as { layer: Layer; order: number }
      if (best !== undefined && best.order < order) break
      const found = layer.routes(method) ? ask(layer, path) : undefined
      if (found !== undefined) return { route: layer, params: found.params() }
    }
    if (best === undefined) return null
    const { layer, captures } = best
    if (captures.length === 0) return { route: layer, params: {} }
    const { marks } = this.#search.arrivals
    const params = path.indexOf('%', marks[0]) === -1 ? best.plain.at(path, marks) : readParams(captures, capturesAt(path, marks, 0, captures.length))
    return { route: layer, params }
  }

  /** All layers that take the path, in the order of registration, and those of them that run for `method`. */
  select(path: string, method: string): Selection {
    const leaves = this.#leaves(path)
    if (leaves.length === 1 && this.#regexps.length === 0) return this.#only(leaves[0] as Leaf, path, method)
    const selection = { path: [] as Layer[], found: [] as Found[], route: false }
    let regexp = 0
    let previous: Layer | undefined
    for (const leaf of leaves) {
      for (; regexp < this.#regexps.length && (this.#regexps[regexp]?.order as number) < leaf.order; regexp++) this.#ask(regexp, path, method, selection)
      const { layer } = leaf
      if (layer === previous) continue // by another sequence of its pattern
      previous = layer
      selection.path.push(layer)
      const runs = layer.routes(method)
      if (runs) selection.route = true
      if (runs || layer.methods.length === 0) selection.found.push(this.#found(leaf, path))
    }
    for (; regexp < this.#regexps.length; regexp++) this.#ask(regexp, path, method, selection)
    return selection
  }

  /** What most requests come to: arrays that are made with what they hold cost half of those that grow. */
  #only(leaf: Leaf, path: string, method: string): Selection {
    const { layer } = leaf
    const route = layer.routes(method)
    const runs = route || layer.methods.length === 0
    return { path: [layer], found: runs ? [this.#found(leaf, path)] : [], route }
  }

  /** The leaves that take the path, in order, each once: by its first hit. */
  #leaves(path: string): readonly Leaf[] {
    this.#search.all(this.#trees, path)
    const search = this.#search.arrivals
    if (search.hits === 0) return NO_LEAVES
    const first = (search.nodes[0] as Node).leaves as Leaf[]
    if (search.hits === 1 && first.length === 1) {
      ;(first[0] as Leaf).hit = 0
      return first
    }
    const leaves: Leaf[] = []
    let last = -1
    let sorted = true
    for (let hit = 0; hit < search.hits; hit++) {
      const ends = search.ends[hit] as number
      for (const leaf of (search.nodes[hit] as Node).leaves as Leaf[]) {
        if ((leaf.ends & ends) === 0 || leaf.search === search.serial) continue
        leaf.search = search.serial
        leaf.hit = hit
        leaves.push(leaf)
        if (leaf.order < last) sorted = false
        last = leaf.order
      }
    }
    return sorted ? leaves : leaves.sort((a, b) => a.order - b.order)
  }

  #found(leaf: Leaf, path: string): Found {
    const { length } = leaf.captures
    if (length === 0) return new Found(leaf.layer, leaf, [], false)
    const { marks, offsets } = this.#search.arrivals
    const offset = offsets[leaf.hit] as number
    return new Found(leaf.layer, leaf, capturesAt(path, marks, offset, length), path.indexOf('%', marks[offset]) !== -1)
  }

  #ask(index: number, path: string, method: string, selection: { path: Layer[]; found: Found[]; route: boolean }): void {
    const { layer } = this.#regexps[index] as { layer: Layer }
    const found = ask(layer, path)
    if (found === undefined) return
    selection.path.push(layer)
    const runs = layer.routes(method)
    if (runs) selection.route = true
    if (runs || layer.methods.length === 0) selection.found.push(found)
  }
}

const NO_LEAVES: readonly Leaf[] = []

/** A global or sticky RegExp would go on where it last stopped. */
function ask(layer: Layer, path: string): Found | undefined {
  const { regexp } = layer
  regexp.lastIndex = 0
  const match = regexp.exec(path)
  return match === null ? undefined : new Found(layer, undefined, match.slice(1), true, match.groups)
}
