/** The table that every router gets: 49 resources and the one that is asked for. */
export const paths = [...Array.from({ length: 49 }, (_, i) => `/resource${i}/:id`), '/users/:id']

/** What `GET /users/42` answers. */
export const user = (id: string) => ({ id, name: 'Ada', roles: ['admin', 'author'] })
