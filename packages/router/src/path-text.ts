import { keep } from './fold'
import { type Node } from './node'

/** The path that is matched, as a tree compares it. */
export class PathText {
  path = ''
  fold: (code: number) => number = keep

  /** The node whose text begins with a character. */
  next(node: Node, code: number): Node | undefined {
    const next = node.next(code)
    if (next !== undefined || !(code > 127 ? node.wide : code <= 90 && code >= 65)) return next
    return node.next(this.fold(code))
  }

  /** Where the segment ends. */
  segmentEnd(at: number): number {
    const slash = this.path.indexOf('/', at)
    return slash === -1 ? this.path.length : slash
  }

  /** Where `until` begins, or the segment or the path ends. Looks no further: runs begin at many places of one path. */
  runTo(at: number, until: readonly number[], inSegment: boolean): number {
    const path = this.path
    const first = until[0] as number
    for (let index = at; index < path.length; index++) {
      const code = path.charCodeAt(index)
      if (inSegment && code === SLASH) return index
      if (code !== first && !this.same(code, first)) continue
      if (until.length === 1 || this.textEnd(until, index) !== -1) return index
    }
    return path.length
  }

  /** Where `text`, whose first character is at `at`, ends in the path if it goes on there, or -1. */
  textEnd(text: readonly number[], at: number): number {
    const end = at + text.length
    const path = this.path // behind `end`: V8 keeps one feedback for `length` of a first parameter and of a first local
    if (end > path.length) return -1
    let index = at + 1
    for (; index < end; index++) {
      const code = path.charCodeAt(index)
      if (code !== text[index - at] && !this.same(code, text[index - at] as number)) return -1
    }
    return index // not `end`, for which the processor would wait until the text's length is read
  }

  /** The last place, from `from` back to `least`, where `text` begins, or -1. */
  lastText(text: readonly number[], from: number, least: number): number {
    const path = this.path
    const first = text[0] as number
    for (let place = from; place >= least; place--) {
      const code = path.charCodeAt(place)
      if (code !== first && !this.same(code, first)) continue
      if (text.length === 1 || this.textEnd(text, place) !== -1) return place
    }
    return -1
  }

  /** Is a character, which is not the same as it is, the same in another case? Texts are folded: ASCII is in lower case. */
  same(code: number, folded: number): boolean {
    return (code > 127 ? folded > 127 : code <= 90 && code >= 65) && this.fold(code) === folded
  }
}

const SLASH = 47
