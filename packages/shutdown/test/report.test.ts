import { expect } from 'chai'
import { describe as lines, type ShutdownReport } from '../src/report'

describe('a report', () => {
  const report: ShutdownReport = {
    reason: 'SIGTERM',
    signal: 'SIGTERM',
    phases: { announce: 1, lameDuck: 0, drain: 500, abort: 300, cut: 100, cleanup: 99 },
    requests: { finished: 3, aborted: 1, cut: 1 },
    connections: { idle: 4, drained: 3, destroyed: 1 },
    hooks: [{ name: 'db', ms: 12 }, { name: 'cache', ms: 9, error: 'no connection' }],
    blockers: [
      { method: 'GET', path: '/report\n[shutdown] stopped', age: 900, phase: 'handler' },
      { loop: 'mail' },
      { startup: 'cache' },
      { webSockets: 2 },
    ],
    abandoned: [{ method: 'GET', path: '/by-connect', age: 400, phase: 'handler' }],
    resources: ['Timeout', 'TCPSocketWrap'],
    exitCode: 1,
    clean: false,
  }

  it('reads as lines: numbers, what was cut, what is left, what failed, how it ended', () => {
    expect(lines(report)).to.deep.equal([
      'requests finished 3, aborted 1, cut 1; connections idle 4, drained 3, destroyed 1',
      'still running at the cut: GET /report\\n[shutdown] stopped, 900 ms old',
      "still running at the cut: loop 'mail'",
      "still running at the cut: start-up 'cache'",
      'still running at the cut: 2 WebSockets',
      'answered, but its handler never ended: GET /by-connect, 400 ms old',
      'would have kept the process from ending: Timeout, TCPSocketWrap',
      "hook 'cache' failed: no connection",
      'stopped in 1000 ms, not clean, exit code 1',
    ])
  })
})
