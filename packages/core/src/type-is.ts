import { lazy } from './lazy'

/** The library type-is, which brings the table of all media types. */
export const typeIs = lazy<typeof import('type-is')>(() => require('type-is'))
