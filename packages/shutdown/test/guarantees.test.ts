import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'

describe('docs/guarantees.md', () => {
  const text = readFileSync(path.join(__dirname, '../../../docs/guarantees.md'), 'utf8')
  const rows = [...text.matchAll(/^\| (?!promise|---)(.+) \| (.+) \|$/gm)].map(([, promise, shownBy]) => [promise as string, shownBy as string] as const)

  it('has promises', () => {
    expect(rows.length).to.be.above(30)
  })

  for (const [promise, shownBy] of rows) {
    it(`names a test that exists: ${promise}`, () => {
      let file = ''
      for (const part of shownBy.split(' · ')) {
        const [, named, title] = part.match(/^(?:([\w/-]+) )?"(.+)"$/) as RegExpMatchArray
        file = named ?? file
        const folder = file.startsWith('core/') ? '../../core/test' : '.'
        const source = readFileSync(path.join(__dirname, folder, `${file.replace(/^core\//, '')}.test.ts`), 'utf8')
        expect(source, `${file}.test.ts`).to.contain(title as string)
      }
    })
  }

  it('belongs to test files that exist', () => {
    const files = readdirSync(path.join(__dirname, 'integration')).filter((name) => name.endsWith('.test.ts'))
    const named = [...text.matchAll(/integration\/([\w-]+) "/g)].map(([, name]) => `${name}.test.ts`)
    expect([...new Set(named)].sort()).to.deep.equal(files.sort())
  })
})
