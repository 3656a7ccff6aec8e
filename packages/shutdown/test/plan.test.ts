import { createServer } from 'node:http'
import { expect } from 'chai'
import { settle } from '../src/options'
import { type Limits, planOf, type Surroundings } from '../src/plan'

describe('plan', () => {
  const around: Surroundings = { servers: [], env: {}, pid: 7, init: '/sbin/init', parents: [] }
  const warnings = (options = {}, limits: Limits = {}, changes: Partial<Surroundings> = {}) =>
    planOf(settle(options), limits, { ...around, ...changes }).warnings

  it('has nothing to warn of by default', () => {
    expect(warnings()).to.deep.equal([])
  })

  it('has no lame duck in a hand-over', () => {
    const { timeline } = planOf(settle({ handover: true, delay: 1_000 }), {}, around)
    expect(timeline.find(({ phase }) => phase === 'lameDuck')).to.include({ from: 0, until: 0 })
  })

  const cases: [name: string, warnings: string[], pattern: RegExp][] = [
    ['a timeout of 30 s in Kubernetes', warnings({ timeout: 30_000, delay: 5_000 }, {}, { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } }), /terminationGracePeriodSeconds, 30 s/],
    ['a preStop hook that eats the time', warnings({ timeout: 26_000 }, { terminationGracePeriodSeconds: 30, preStopSeconds: 5 }), /30 s, less 5 s of preStop/],
    ['a timeout above TimeoutStopSec', warnings({ timeout: 100_000 }, {}, { env: { INVOCATION_ID: 'x' } }), /TimeoutStopSec, 90 s/],
    ["a timeout above PM2's default", warnings({}, {}, { env: { pm_id: '0' } }), /PM2's kill_timeout, 1600 ms/],
    ["a timeout above PM2's kill_timeout", warnings({}, {}, { env: { pm_id: '0', kill_timeout: '8000' } }), /PM2's kill_timeout, 8000 ms/],
    ['a keepAliveTimeout below a balancer’s', warnings({}, {}, { servers: [createServer()] }), /keepAliveTimeout is \d+ ms.*502/],
    ['npm as PID 1', warnings({}, {}, { init: 'npm start' }), /PID 1 is 'npm start', which does not pass SIGTERM on/],
    ['yarn between an init and this process', warnings({}, {}, { init: '/sbin/tini -- yarn start', parents: ['node /usr/lib/yarn/bin/yarn.js start'] }), /'node .*yarn.js start' stands between PID 1, '\/sbin\/tini -- yarn start', and this process/],
    ['no delay in Kubernetes', warnings({}, {}, { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } }), /delay is 0 ms: Kubernetes sends requests for some seconds after SIGTERM/],
    ['a shell as PID 1', warnings({}, {}, { init: '/bin/sh -c node server.js' }), /PID 1 is '\/bin\/sh -c node server.js'/],
  ]
  for (const [name, found, pattern] of cases) {
    it(`warns of ${name}`, () => {
      expect(found).to.have.length(1)
      expect(found[0]).to.match(pattern)
    })
  }

  it('does not warn of what fits', () => {
    expect(warnings({ timeout: 25_000, delay: 5_000 }, {}, { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } })).to.deep.equal([])
    expect(warnings({}, { killTimeout: 12_000 }, { env: { pm_id: '0' } })).to.deep.equal([])
    // EXTEND_TIMEOUT_USEC tells systemd how long it takes
    expect(warnings({ timeout: 100_000 }, {}, { env: { INVOCATION_ID: 'x', NOTIFY_SOCKET: '/run/x' } })).to.deep.equal([])
    expect(warnings({}, {}, { servers: [createServer({ keepAliveTimeout: 65_000 })] })).to.deep.equal([])
    expect(warnings({}, {}, { pid: 1, init: 'sh' })).to.deep.equal([])
    // a terminal, in which somebody develops
    expect(warnings({}, {}, { init: '/sbin/init', parents: ['npm start', '-bash'] })).to.deep.equal([])
    expect(warnings({}, { preStopSeconds: 5 }, { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } })).to.deep.equal([])
    expect(warnings({ handover: true }, {}, { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } })).to.deep.equal([])
  })
})
