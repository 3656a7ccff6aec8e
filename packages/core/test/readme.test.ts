import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { defaults } from '../src/app-options'
import { app as bodies } from './readme/bodies'
import { app as events } from './readme/events'
import { app as hello } from './readme/hello'
import { app as servers } from './readme/servers'
import { app as signals } from './readme/signals'
import { app as state } from './readme/state'

const readme = readFileSync(join(__dirname, '../README.md'), 'utf8')

describe('README', () => {
  it('shows the examples as they are tested', () => {
    for (const file of readdirSync(join(__dirname, 'readme'))) {
      const code = readFileSync(join(__dirname, 'readme', file), 'utf8').replace('export const app', 'const app')
      expect(readme, file).to.contain(`\`\`\`ts\n${code}\`\`\``)
    }
  })

  it('lists every option with its default', () => {
    for (const [option, value] of Object.entries(defaults)) {
      const row = new RegExp(`^\\| \`${option}\` \\| .*\`${typeof value === 'string' ? `'${value}'` : value}\``, 'm')
      expect(readme).to.match(row)
    }
    for (const option of ['keys', 'compose', 'server', 'timeout']) expect(readme).to.contain(`| \`${option}\` |`)
  })

  it('has examples that work', async () => {
    const greeting = await hello.inject({ url: '/?name=tobi' })
    expect(greeting.json()).to.deep.equal({ hello: 'tobi' })
    expect(greeting.headers['server-timing']).to.match(/^total;dur=/)
    expect((await bodies.inject({ method: 'POST', body: { item: 'tea' } })).json()).to.deep.equal({ ordered: 'tea' })
    bodies.silent = state.silent = true
    expect((await bodies.inject({ method: 'POST', body: {} })).status).to.equal(422)
    expect((await state.inject()).text()).to.equal('Sign in first')
    expect((await state.inject({ headers: { Authorization: 'x' } })).text()).to.equal('tobi')
    expect((await signals.inject()).text()).to.equal('report')
    await signals.idle()
    expect((await servers.inject()).text()).to.equal('HTTP/1.1')
    const stream = events.inject()
    while (events.inflight.size === 0) await new Promise(setImmediate)
    events.beginStop({ cause: 'test' })
    expect((await stream).text()).to.match(/^data: welcome\n\nretry: \d+\n\n$/)
    await events.idle()
  })
})
