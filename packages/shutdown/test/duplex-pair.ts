import { Duplex } from 'node:stream'

/** Two streams of which each reads what is written to the other, as Node's own of 22.6. */
export function duplexPair(): [Duplex, Duplex] {
  const ends: Duplex[] = []
  for (const other of [1, 0]) {
    ends.push(
      new Duplex({
        read() {},
        write(chunk, _encoding, done) {
          ends[other]?.push(chunk)
          setImmediate(done)
        },
        final(done) {
          ends[other]?.push(null)
          done()
        },
      }),
    )
  }
  return ends as [Duplex, Duplex]
}
