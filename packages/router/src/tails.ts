import { type Chain, type Tail } from './tail'

/** What may follow the captures that lead to one node, where a text follows in the same segment or behind a wildcard. */
export class Tails {
  /** What every text that leads on begins with. */
  separator: readonly number[] = []
  /** At how many of the places where it is, from the last one on, it is worth trying. */
  places = 0
  /** Does it begin with the text that the capture ends at? */
  sure = true
  /** Behind a plain param or wildcard: all that may follow, if it is chains, and few. */
  chains: readonly Chain[] | undefined = []
  readonly #tails: Tail[] = []

  /** @param until - the text that the capture ends at */
  add(tail: Tail, until: readonly number[]): void {
    const tails = this.#tails
    tails.push(tail)
    const common = tails.length === 1 ? tail.separator : commonStart(this.separator, tail.separator)
    // Most tails of one node begin alike; if one does not, what the others were counted for is no longer it.
    const counted = common.length === this.separator.length ? [tail] : tails
    if (counted === tails) this.places = 0
    this.separator = common
    this.sure = until.every((code, index) => code === common[index])
    for (const one of counted) this.places = Math.max(this.places, one.places(common))
    if (until.length === 0) this.#chain(tail.chain())
  }

  #chain(chain: Chain | undefined): void {
    if (this.chains === undefined || this.chains.some((other) => JSON.stringify(other) === JSON.stringify(chain))) return
    this.chains = chain === undefined || this.chains.length === MANY ? undefined : [...this.chains, chain]
  }
}

function commonStart(a: readonly number[], b: readonly number[]): readonly number[] {
  const end = a.findIndex((code, index) => code !== b[index])
  return end === -1 ? a : a.slice(0, end)
}

/** More chains cost more to look for than they save. */
const MANY = 8
