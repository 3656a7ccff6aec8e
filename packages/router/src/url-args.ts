import { type UrlOptions } from './build-url'
import { type Params } from './path-params'

type Text = string | number

/** What `url` takes for a path: its params as an object, or their values in order; then options. */
export type UrlArgs<Path extends string> = string extends Path
  ? unknown[]
  : {} extends Params<Path>
    ? [params?: Filled<Params<Path>> & UrlOptions, options?: UrlOptions] | [value: Text, ...more: (Text | UrlOptions)[]]
    : [params: Filled<Params<Path>> & UrlOptions, options?: UrlOptions] | [value: Text, ...more: (Text | UrlOptions)[]]

/** Params as they are given: text or numbers, arrays for wildcards. */
type Filled<T> = { [Key in keyof T]: T[Key] extends readonly string[] | undefined ? readonly Text[] : Text }
