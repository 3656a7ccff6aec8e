import { type Layer } from './layer'
import { Matcher } from './matcher'
import { type Sequence } from './pattern'
import { type StopPolicy } from './route-options'

/** What `router.inspect` says of one layer. */
export interface RouteReport {
  /** With its prefixes; a RegExp as its source. */
  path: string
  /** Empty for a middleware of `use`. */
  methods: string[]
  name: string | undefined
  /** The functions' names, in the order in which they run; '(anonymous)' for those that have none. */
  handlers: string[]
  stop: StopPolicy | undefined
  /** The route's deadline (ms). */
  timeout: number | undefined
  /** Paths of earlier routes that take every request of this one: it runs only if these call `next`. */
  shadowedBy: string[]
  /** Why no request can reach it, or why it is dangerous. */
  problems: string[]
}

/** A report on each layer, in order. Knows paths and methods; what handlers do, it does not. */
export function inspectLayers(layers: readonly Layer[]): RouteReport[] {
  const earlier = new Matcher()
  return layers.map((layer) => {
    const report = {
      path: String(layer.path),
      methods: [...layer.methods],
      name: layer.name,
      handlers: layer.stack.map(({ name }) => name || '(anonymous)'),
      stop: layer.opts.stop,
      timeout: layer.opts.timeout,
      shadowedBy: shadowsOf(layer, earlier),
      problems: problemsOf(layer),
    }
    earlier.add(layer)
    return report
  })
}

/** The reports as a table, one line a layer. */
export function printRoutes(reports: readonly RouteReport[]): string {
  const rows = reports.map(({ path, methods, name, handlers, stop, timeout, shadowedBy, problems }) => [
    methods.length === 0 ? 'use' : methods.length > 9 ? 'all' : methods.join(','),
    path || '(every path)',
    [name === undefined ? '' : `"${name}"`, ...handlers].filter(Boolean).join(' '),
    [
      stop === undefined ? '' : `stop: ${stop}`,
      timeout === undefined ? '' : `timeout: ${timeout} ms`,
      shadowedBy.length === 0 ? '' : `shadowed by ${shadowedBy.join(', ')}`,
      ...problems,
    ].filter(Boolean).join('; '),
  ])
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => (row[column] as string).length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}

// ── Shadows ─────────────────────────────────────────────────────────────────────────────────────

/**
 * The earlier routes that take all that `layer` takes. Its paths are tried with values that no pattern has as text, so
 * that who takes such a path takes it by params and wildcards, whatever their values.
 */
function shadowsOf(layer: Layer, earlier: Matcher): string[] {
  const shadows = new Set<string>()
  for (const method of layer.methods) {
    for (const sequence of layer.sequences) {
      const [first, ...others] = samplesOf(sequence, layer).map((path) => routesAt(earlier, path, method))
      const takers = (first as Layer[]).filter((taker) => others.every((more) => more.includes(taker)))
      if (takers.length === 0) return []
      shadows.add(String((takers[0] as Layer).path))
    }
  }
  return [...shadows]
}

function routesAt(matcher: Matcher, path: string, method: string): Layer[] {
  return matcher.select(path, method).found.map(({ layer }) => layer).filter(({ methods }) => methods.length > 0)
}

/** Paths of each kind that a sequence takes: whoever takes all of these takes the rest. */
function samplesOf(sequence: Sequence, layer: Layer): string[] {
  const fill = (rest: string, text = (part: string) => part) =>
    sequence.map((part, index) => (typeof part === 'string' ? text(part) : part.wildcard ? rest : `${VALUE}${index}`)).join('')
  const path = fill(VALUE)
  return [
    path,
    fill(`${VALUE}/${VALUE}`),
    layer.sensitive ? path : fill(VALUE, (part) => part.toUpperCase()),
    layer.trailing ? `${path}/` : path,
    layer.end ? path : `${path}/${VALUE}`,
  ]
}

/** Begins with a character that no request has in its path, and no pattern in its text. */
const VALUE = '\u0001x'

// ── Problems ────────────────────────────────────────────────────────────────────────────────────

function problemsOf({ path, sequences, stack }: Layer): string[] {
  const problems: string[] = []
  if (path instanceof RegExp) {
    if (hasNestedQuantifiers(path.source)) problems.push('nested quantifiers: a hostile path may take the RegExp for ever')
  } else if (sequences.length > 0) {
    const texts = sequences.map((sequence) => sequence.filter((part) => typeof part === 'string').join(''))
    const encoded = texts.every((text) => /[^\x21-\x7e]|[?#]/.test(text))
    if (encoded) problems.push('unreachable: spaces, ?, # and characters beyond ASCII come percent-encoded')
    if (sequences.every(([start]) => typeof start === 'string' && !start.startsWith('/'))) problems.push("unreachable: a path begins with '/'")
  }
  if (stack.length === 0) problems.push('no handler')
  return problems
}

/** Is there a repeated group that repeats something itself, as in (a+)+? Such a RegExp may try 2ⁿ ways. */
export function hasNestedQuantifiers(source: string): boolean {
  const bare = source.replaceAll(/\\./gs, 'x').replaceAll(/\[[^\]]*\]/g, 'x')
  const repeats = [false]
  for (let index = 0; index < bare.length; index++) {
    const char = bare[index]
    if (char === '(') repeats.push(false)
    const quantified = /^(?:[+*]|\{\d+,\d*\})/.test(bare.slice(index + 1, index + 12))
    if (char === ')') {
      const inner = repeats.pop() as boolean
      if (inner && quantified) return true
      if (inner) repeats[repeats.length - 1] = true
    }
    if (quantified && char !== '(') repeats[repeats.length - 1] = true
  }
  return false
}
