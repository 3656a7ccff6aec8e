import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'

const read = (...parts: string[]) => readFileSync(path.join(__dirname, ...parts), 'utf8')

describe('examples/readme', () => {
  it("is the README's first block of TypeScript", () => {
    const block = /^```ts\n(.*?)^```/ms.exec(read('..', '..', 'README.md'))?.[1]
    const region = /^\/\/ #region readme\n(.*?)^\/\/ #endregion/ms.exec(read('server.ts'))?.[1]
    expect(region).to.be.a('string')
    expect(block).to.equal(region)
  })
})
