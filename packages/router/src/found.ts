import { type Stage } from './dispatch'
import { type Handler, type RouterContext } from './handler'
import { type Layer } from './layer'
import { type Leaf } from './node'
import { type AnyParams, readGroups, readParams } from './params'
import { type Sequence } from './pattern'

/** One layer that takes a path, with what its pattern captured: not decoded. */
export class Found implements Stage {
  readonly layer: Layer
  /** undefined for a RegExp layer. */
  readonly leaf: Leaf | undefined
  readonly captured: (string | undefined)[]
  /** The named groups of a RegExp. */
  readonly groups: Record<string, string> | undefined
  /** May there be something to decode? */
  readonly encoded: boolean

  constructor(layer: Layer, leaf: Leaf | undefined, captured: (string | undefined)[], encoded: boolean, groups?: Record<string, string>) {
    this.layer = layer
    this.leaf = leaf
    this.captured = captured
    this.groups = groups
    this.encoded = encoded
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

  /** As `layer.captures(path)`: the captures of sequences that were not taken are undefined. */
  captures(): (string | undefined)[] {
    const { sequences, opts } = this.layer
    if (opts.ignoreCaptures) return []
    if (sequences.length < 2) return this.captured
    const captures: (string | undefined)[] = []
    for (let rank = 0; rank < sequences.length; rank++) {
      const sequence = sequences[rank] as Sequence
      const taken = sequence === this.leaf?.sequence
      for (let index = 0, count = 0; index < sequence.length; index++) {
        if (typeof sequence[index] !== 'string') captures.push(taken ? this.captured[count++] : undefined)
      }
    }
    return captures
  }

  /**
   * The params, beside a copy of `existing`.
   * @throws BadPathError (status 400) for a percent-encoding that means nothing
   */
  params(existing?: AnyParams): AnyParams {
    if (this.layer.opts.ignoreCaptures) return { ...existing }
    if (this.leaf === undefined) return readGroups(this.captured, this.groups, existing)
    if (!this.encoded && isEmpty(existing)) return this.captured.length === 0 ? {} : this.leaf.plain.of(this.captured)
    return readParams(this.leaf.captures, this.captured, existing)
  }
}

/** Of several routes the one that runs in an exclusive router: the last, or the first of those with the fewest params. */
export function choose(found: readonly Found[], fewestParams: boolean): Found {
  const routes = found.filter(({ layer }) => layer.methods.length > 0)
  if (!fewestParams) return routes.at(-1) as Found
  return routes.reduce((best, other) => (other.layer.keys.length < best.layer.keys.length ? other : best))
}

/** Tells `ctx`, before anything runs, the last route's name, and the first deadline and stop policy that a route has. */
export function announce(ctx: RouterContext, found: readonly Found[]): void {
  let last = true
  for (let index = found.length - 1; index >= 0; index--) {
    const { name, opts, methods } = (found[index] as Found).layer
    if (methods.length === 0) continue
    if (last && name !== undefined) ctx._matchedRouteName = name
    last = false
    if (opts.timeout !== undefined) ctx.timeout(opts.timeout)
    if (opts.stop !== undefined) ctx.stopPolicy = opts.stop
  }
}

function isEmpty(params: AnyParams | undefined): boolean {
  if (params !== undefined) for (const _ in params) return false
  return true
}
