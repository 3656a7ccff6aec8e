import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { Router } from '../src'
import { defaultMethods } from '../src/router-options'

const readme = readFileSync(join(__dirname, '../README.md'), 'utf8')

/** The rows of the table under a heading, as cells. */
function rowsUnder(heading: string): string[][] {
  const section = readme.slice(readme.indexOf(`## ${heading}`)).split('\n## ')[0] as string
  const lines = section.split('\n').filter((line) => line.startsWith('|')).slice(2)
  return lines.map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim()))
}

/** What stands in backticks. */
const codes = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string)

describe('README', () => {
  for (const [path, takes, params] of rowsUnder('Paths') as [string, string, string][]) {
    it(`says what ${path} takes`, () => {
      const [source] = codes(path) as [string]
      const router = new Router()
      router.get(source.startsWith('/^') ? new RegExp(source.slice(1, -1)) : source.replaceAll('\\\\', '\\'), () => {})
      for (const [index, one] of codes(takes).entries()) {
        const expected: unknown = runInNewContext(`(${codes(params)[index] ?? codes(params)[0]})`)
        expect({ ...router.find('GET', one)?.params }, one).to.deep.equal({ ...(expected as object) })
      }
    })
  }

  it('names every option of a router, and the default of `methods`', () => {
    const rows = rowsUnder('Options of a router')
    expect(rows.map(([name]) => name)).to.deep.equal(['`prefix`', '`sensitive`', '`strict`', '`trailing`', '`exclusive`', '`host`', '`methods`', '`routerPath`'])
    const methods = rows.find(([name]) => name === '`methods`')?.[1]
    expect(methods?.match(/[A-Z]+/g)?.sort()).to.deep.equal([...defaultMethods].sort())
  })
})
