import { Found } from './found'
import { type Layer } from './layer'
import { type Leaf } from './node'
import { type AnyParams } from './params'
import { Search } from './search'
import { orderOf, Tree } from './tree'

/** What `router.find` gives. */
export interface Match {
  readonly route: Layer
  readonly params: AnyParams
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
  readonly #trees: Tree[] = []
  readonly #regexps: { layer: Layer; order: number }[] = []
  readonly #search = new Search()

  /** Adds a layer behind those added before. */
  add(layer: Layer): void {
    const place = this.size++
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
    const search = this.#walk(path)
    let best: Leaf | undefined
    for (let hit = 0; hit < search.hits; hit++) {
      const ends = search.ends[hit] as number
      for (const leaf of search.nodes[hit]?.leaves as Leaf[]) {
        if ((leaf.ends & ends) === 0 || !leaf.layer.routes(method)) continue
        if (best === undefined || leaf.order < best.order) {
          leaf.hit = hit
          best = leaf
        }
        break // the leaves of a node are in order
      }
    }
    for (const { layer, order } of this.#regexps) {
      if (best !== undefined && best.order < order) break
      if (!layer.routes(method)) continue
      const found = ask(layer, path)
      if (found !== undefined) return { route: layer, params: found.params() }
    }
    return best === undefined ? null : { route: best.layer, params: best.params(search.captured(best.hit, best.captures.length), search.encoded) }
  }

  /** All layers that take the path, in the order of registration, and those of them that run for `method`. */
  select(path: string, method: string): Selection {
    const leaves = this.#leaves(path)
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
      if (runs || layer.methods.length === 0) selection.found.push(this.#found(leaf))
    }
    for (; regexp < this.#regexps.length; regexp++) this.#ask(regexp, path, method, selection)
    return selection
  }

  #walk(path: string): Search {
    this.#search.begin(path)
    for (const tree of this.#trees) this.#search.walk(tree)
    return this.#search
  }

  /** The leaves that take the path, in order, each once: by its first hit. */
  #leaves(path: string): Leaf[] {
    const search = this.#walk(path)
    const leaves: Leaf[] = []
    let last = -1
    let sorted = true
    for (let hit = 0; hit < search.hits; hit++) {
      const ends = search.ends[hit] as number
      for (const leaf of search.nodes[hit]?.leaves as Leaf[]) {
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

  #found(leaf: Leaf): Found {
    return new Found(leaf.layer, leaf, this.#search.captured(leaf.hit, leaf.captures.length), this.#search.encoded)
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

/** A global or sticky RegExp would go on where it last stopped. */
function ask(layer: Layer, path: string): Found | undefined {
  const { regexp } = layer
  regexp.lastIndex = 0
  const match = regexp.exec(path)
  return match === null ? undefined : new Found(layer, undefined, match.slice(1), true, match.groups)
}
