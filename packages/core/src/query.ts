/** A parsed query string: a name that comes twice has an array. */
export type Query = Record<string, string | string[] | undefined>

/** As Koa does, by URLSearchParams. */
export function parseQuery(text: string): Query {
  const query: Query = {}
  const params = new URLSearchParams(text)
  for (const name of new Set(params.keys())) {
    const values = params.getAll(name)
    // defineProperty, so that `__proto__` is a name like any other
    Object.defineProperty(query, name, {
      value: values.length > 1 ? values : values[0],
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  return query
}

/** The reverse: values that are no string, number or boolean become ''. */
export function formatQuery(query: Query): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      params.append(name, ['string', 'number', 'boolean'].includes(typeof item) ? String(item) : '')
    }
  }
  return params.toString()
}
