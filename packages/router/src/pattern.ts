import { parse, PathError, type Token } from 'path-to-regexp'

/** One param or wildcard of a sequence, and which characters it takes. It always takes at least one. */
export interface Capture {
  readonly name: string
  readonly wildcard: boolean
  /** true: it ends at the next '/'. */
  readonly inSegment: boolean
  /** It ends where this text begins; '' for none. */
  readonly until: string
  /** Or it is exactly this text ('' for none): what makes '--' match '/:a-:b' never, but '---' always. */
  readonly orText: string
  /** Or it is the rest of one segment. */
  readonly orSegment: boolean
}

/** What a pattern is made of once its groups are in or out: text and captures in turn. */
export type Sequence = readonly (string | Capture)[]

type Flat = Exclude<Token, { type: 'group' }>

/** More would make one pattern cost more than a table of routes: path-to-regexp's own limit. */
const MAX_SEQUENCES = 256

/**
 * The sequences that a pattern of path-to-regexp stands for, first choice first: one, or 2ⁿ for n optional groups.
 * @throws PathError (a TypeError) of path-to-regexp, with the pattern in its message, if it is not legal
 */
export function parsePattern(path: string): Sequence[] {
  // parse() reads character by character; most patterns of a table have nothing to read.
  if (!/[:*{}()[\]+?!\\]/.test(path)) return [path === '' ? [] : [path]]
  const sequences: Sequence[] = []
  for (const tokens of expand(parse(path).tokens)) {
    if (sequences.length === MAX_SEQUENCES) throw new PathError('Too many path combinations', path)
    sequences.push(toSequence(tokens, path))
  }
  return sequences.slice() // an array that grew by push keeps room for 16 more
}

/** Every way to have a group or not, the ways with it first. */
function* expand(tokens: readonly Token[], from = 0): Generator<Flat[]> {
  const token = tokens[from]
  if (token === undefined) {
    yield []
    return
  }
  for (const head of token.type === 'group' ? expand(token.tokens) : [[token]]) {
    for (const tail of expand(tokens, from + 1)) yield [...head, ...tail]
  }
  if (token.type === 'group') yield* expand(tokens, from + 1)
}

/**
 * Gives each capture its end. What may follow a capture decides what it must not contain, so that there is
 * one reading of a path only, found without trying the others: the rules are path-to-regexp's.
 */
function toSequence(tokens: readonly Flat[], path: string): Sequence {
  const sequence: (string | Capture)[] = []
  let previous: Flat['type'] = 'text'
  let sinceCapture = ''
  let sinceWildcard = ''
  let paramInSegment = false
  let wildcardInSegment = false

  for (const [index, token] of tokens.entries()) {
    if (token.type === 'text') {
      if (typeof sequence.at(-1) === 'string') sequence.push(`${sequence.pop() as string}${token.value}`)
      else sequence.push(token.value)
      sinceCapture += token.value
      if (previous === 'wildcard') sinceWildcard += token.value
      if (token.value.includes('/')) paramInSegment = wildcardInSegment = false
      continue
    }

    const { name, type } = token
    if (previous !== 'text' && sinceCapture === '') throw new PathError(`Missing text before "${name}" ${type}`, path)
    const capture = { name, wildcard: type === 'wildcard', inSegment: type === 'param', until: '', orText: '', orSegment: false }
    if (wildcardInSegment) {
      capture.until = sinceCapture
    } else if (type === 'wildcard') {
      capture.until = sinceWildcard
      capture.orSegment = sinceWildcard !== ''
    } else if (wildcardFollows(tokens, index + 1)) {
      capture.until = textAt(tokens, index + 1)
    } else if (paramInSegment) {
      capture.until = capture.orText = sinceCapture
    }
    if (capture.until === '/') {
      // Up to the next '/', or else the rest of one segment: the same.
      capture.inSegment = true
      capture.until = ''
      capture.orSegment = false
    }
    sequence.push(capture)

    if (type === 'wildcard') {
      wildcardInSegment = true
      sinceWildcard = ''
    } else {
      paramInSegment = true
    }
    previous = type
    sinceCapture = ''
  }
  return sequence.slice()
}

/** Is there a wildcard before the segment ends? */
function wildcardFollows(tokens: readonly Flat[], from: number): boolean {
  for (let index = from; index < tokens.length; index++) {
    const token = tokens[index] as Flat
    if (token.type === 'wildcard') return true
    if (token.type === 'text' && token.value.includes('/')) return false
  }
  return false
}

/** The text between here and the next capture. */
function textAt(tokens: readonly Flat[], from: number): string {
  let text = ''
  for (let index = from; index < tokens.length; index++) {
    const token = tokens[index] as Flat
    if (token.type !== 'text') break
    text += token.value
  }
  return text
}
