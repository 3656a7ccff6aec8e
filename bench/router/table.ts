/** A route: method and path in path-to-regexp's syntax. */
export type Row = readonly [method: string, path: string]

/** What is asked of a table. */
export interface Ask {
  method: string
  path: string
  /** The pattern that takes it, or undefined. */
  expected: string | undefined
}

/** A table of `size` routes of all kinds, and the paths of one in its middle. */
export function generated(size: number): { rows: Row[]; asks: Record<string, Ask> } {
  const rows: Row[] = []
  for (let index = 0; rows.length < size; index++) {
    const id = index.toString().padStart(4, '0')
    rows.push(['GET', `/pages/page${id}/index`], ['GET', `/items${id}/:item`], ['GET', `/orgs${id}/:org/teams/:team/members/:member`], ['GET', `/files${id}/*path`], ['POST', `/jobs${id}/:job`])
  }
  rows.length = size
  const id = Math.floor(size / 10).toString().padStart(4, '0')
  return {
    rows,
    asks: {
      static: { method: 'GET', path: `/pages/page${id}/index`, expected: `/pages/page${id}/index` },
      param: { method: 'GET', path: `/items${id}/4711`, expected: `/items${id}/:item` },
      deep: { method: 'GET', path: `/orgs${id}/ebb/teams/router/members/ada`, expected: `/orgs${id}/:org/teams/:team/members/:member` },
      wildcard: { method: 'GET', path: `/files${id}/src/lib/index.ts`, expected: `/files${id}/*path` },
      miss: { method: 'GET', path: `/items${id}/4711/nothing/here`, expected: undefined },
      '405': { method: 'GET', path: `/jobs${id}/4711`, expected: undefined },
    },
  }
}

/** The GitHub table's rows, one a method, and paths of its kinds. */
export function githubTable(lines: readonly string[]): { rows: Row[]; asks: Record<string, Ask> } {
  const rows = lines.flatMap((line) => {
    const [methods, path] = line.split(' ') as [string, string]
    return methods.split(',').map((method): Row => [method, path])
  })
  return {
    rows,
    asks: {
      static: { method: 'GET', path: '/user/repos', expected: '/user/repos' },
      param: { method: 'GET', path: '/users/octocat', expected: '/users/:username' },
      deep: { method: 'GET', path: '/repos/octocat/hello-world/pulls/42/reviews/7/comments', expected: '/repos/:owner/:repo/pulls/:pull_number/reviews/:review_id/comments' },
      wildcard: { method: 'GET', path: '/repos/octocat/hello-world/contents/src/lib/index.ts', expected: '/repos/:owner/:repo/contents/*path' },
      miss: { method: 'GET', path: '/repos/octocat/hello-world/nothing/here', expected: undefined },
      '405': { method: 'POST', path: '/repos/octocat/hello-world/languages', expected: undefined },
    },
  }
}

/** What only path-to-regexp's language can say, beside the plain param, all in one table of 100 routes more. */
export function syntaxTable(): { rows: Row[]; asks: Record<string, Ask> } {
  const patterns: Record<string, [pattern: string, path: string]> = {
    param: ['/plain/:thing', '/plain/something'],
    'two params': ['/two/:from-:to', '/two/some-thing'],
    extension: ['/ext/:name.json', '/ext/something.json'],
    group: ['/group/:lang{/:page}', '/group/en/thing'],
    'no group': ['/group/:lang{/:page}', '/group/something'],
    'wild text': ['/wild/*path/info', '/wild/some/thing/info'],
  }
  return {
    rows: [...generated(100).rows, ...Object.values(patterns).map(([pattern]): Row => ['GET', pattern])],
    asks: Object.fromEntries(Object.entries(patterns).map(([name, [expected, path]]) => [name, { method: 'GET', path, expected }])),
  }
}
