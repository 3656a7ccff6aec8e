import { type Capture, type Sequence } from './pattern'

/** No bound: no path has so many places. */
const MANY = 2 ** 30

/** The texts that follow a capture, with captures between them: a param's in its segment, a wildcard's in the path. */
export interface Chain {
  readonly texts: readonly (readonly number[])[]
  /** Does no capture follow the last of them? */
  readonly endsInText: boolean
  /** Is it the rest of a segment? */
  readonly inSegment: boolean
  /** Must what it is in end with it, and does no capture hold the text before it, if it is not just that text? */
  readonly bounded: boolean
}

/** What follows a capture in its sequence, up to the end of its segment, or behind a wildcard to the path's. */
export class Tail {
  /** The text that ends the capture. */
  readonly separator: readonly number[]
  readonly #parts: Sequence
  readonly #inSegment: boolean
  readonly #bounded: boolean
  readonly #codes: (text: string) => readonly number[]

  /**
   * @param parts - of the sequence, behind the capture
   * @param end - must the path end with them?
   * @param codes - makes a text what is compared
   */
  constructor({ inSegment }: Capture, parts: Sequence, end: boolean, codes: (text: string) => readonly number[]) {
    this.#parts = inSegment ? inFirstSegment(parts) : [...parts, '/'] // which may trail
    this.#inSegment = inSegment
    this.#bounded = inSegment || end
    this.#codes = codes
    const [first] = inSegment ? this.#parts : parts
    this.separator = typeof first === 'string' ? codes(first) : []
  }

  /** undefined where a wildcard may leave a param's segment. */
  chain(): Chain | undefined {
    const parts = this.#inSegment ? this.#parts : this.#parts.slice(0, -1)
    const texts: (readonly number[])[] = []
    let bounded = this.#bounded
    for (const part of parts) {
      if (typeof part === 'string') {
        texts.push(this.#codes(part))
        continue
      }
      if (this.#inSegment && part.wildcard) return undefined
      bounded &&= this.#excludes(part, texts.at(-1) as readonly number[])
    }
    return { texts, endsInText: typeof parts.at(-1) === 'string', inSegment: this.#inSegment, bounded }
  }

  /**
   * How often `text` can come in what these parts take: of the places in a path where it is no more than so many, from
   * the last one on, can be the capture's end. In '/:a-:b-end', '-' comes at most three times behind `a`, for `b` is one
   * '-' or has none: which keeps a path of many '-' from being tried at each of them.
   */
  places(text: readonly number[]): number {
    if (!this.#bounded || text.length === 0) return MANY
    let places = 0
    for (const part of this.#parts) {
      if (typeof part === 'string') {
        places += overlaps(text, this.#codes(part))
        continue
      }
      if (!this.#excludes(part, text)) return MANY
      if (part.orText !== '' && part.orText.length === text.length) places++ // the capture may be just that
    }
    return places
  }

  /** Does a capture never hold `text`, if it is not just that? */
  #excludes({ until, inSegment, orSegment }: Capture, text: readonly number[]): boolean {
    const untilIsIn = until !== '' && indexOf(text, this.#codes(until)) !== -1
    const slashIsIn = text.includes(47)
    return inSegment ? slashIsIn || untilIsIn : untilIsIn && (slashIsIn || !orSegment)
  }
}

function inFirstSegment(parts: Sequence): Sequence {
  const end = parts.findIndex((part) => typeof part === 'string' && part.includes('/'))
  if (end === -1) return parts
  const text = (parts[end] as string).split('/')[0] as string
  return text === '' ? parts.slice(0, end) : [...parts.slice(0, end), text]
}

/** At how many places `text` can begin so that it and `other` share a character and agree where they overlap. */
function overlaps(text: readonly number[], other: readonly number[]): number {
  let count = 0
  for (let begin = 1 - text.length; begin < other.length; begin++) {
    if (text.every((code, index) => code === (other[begin + index] ?? code))) count++
  }
  return count
}

function indexOf(text: readonly number[], part: readonly number[]): number {
  return text.findIndex((_, begin) => part.every((code, index) => code === text[begin + index]))
}
