import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { readinessFile } from '../src/readiness'

describe('a readiness file', () => {
  let file: string
  beforeEach(() => {
    file = path.join(mkdtempSync(path.join(tmpdir(), 'ebb-')), 'ready')
  })
  afterEach(() => rmSync(path.dirname(file), { recursive: true }))

  it('is there while the process is ready', () => {
    const tell = readinessFile(file)
    tell(true)
    expect(readFileSync(file, 'utf8')).to.equal(`${process.pid}\n`)
    tell(false)
    expect(existsSync(file)).to.equal(false)
    tell(false)
  })

  it("of a successor is left to it", () => {
    const tell = readinessFile(file)
    tell(true)
    writeFileSync(file, '1\n')
    tell(false)
    expect(readFileSync(file, 'utf8')).to.equal('1\n')
  })
})
