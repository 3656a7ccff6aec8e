/**
 * The params of a path in path-to-regexp's syntax, read from its literal type: `Params<'/users/:id{/*rest}'>` is
 * `{ id: string; rest?: string[] }`. A path that is not a literal may have any.
 */
export type Params<Path extends string> = string extends Path ? Record<string, string> : Flat<Scan<Path>>

/** The params of what a route may be given as its path. */
export type ParamsOf<Prefix extends string, Path> = Path extends string
  ? Params<`${Prefix}${Path}`>
  : Path extends readonly (infer One)[]
    ? ParamsOf<Prefix, One>
    : Record<string, string>

type Flat<T> = { [Key in keyof T]: T[Key] }

/** Reads one character after the other; `Groups` has one element for each '{' that is open. */
type Scan<Path extends string, Groups extends unknown[] = [], Found = {}> = Path extends `${infer Char}${infer Rest}`
  ? Char extends ':' | '*'
    ? ScanName<Rest> extends [infer Name extends string, infer Tail extends string]
      ? Scan<Tail, Groups, Found & Named<Name, Char extends '*' ? string[] : string, Groups>>
      : never
    : Char extends '{'
      ? Scan<Rest, [...Groups, 0], Found>
      : Char extends '}'
        ? Scan<Rest, Groups extends [unknown, ...infer Outer] ? Outer : [], Found>
        : Char extends '\\'
          ? Rest extends `${string}${infer Tail}` ? Scan<Tail, Groups, Found> : Found
          : Scan<Rest, Groups, Found>
  : Found

type Named<Name extends string, Value, Groups extends unknown[]> = Groups extends [] ? { [Key in Name]: Value } : { [Key in Name]?: Value }

/** A name and what follows it: in quotes, or as long as it can be part of an identifier. */
type ScanName<Path extends string> = Path extends `"${infer Name}"${infer Tail}` ? [Name, Tail] : ScanIdentifier<Path>

type ScanIdentifier<Path extends string, Name extends string = ''> = Path extends `${infer Char}${infer Rest}`
  ? Char extends EndOfName
    ? [Name, Path]
    : ScanIdentifier<Rest, `${Name}${Char}`>
  : [Name, '']

/** ASCII that no identifier has. */
type EndOfName =
  | '/' | '.' | '-' | ',' | ';' | '~' | '!' | '@' | '#' | '%' | '^' | '&' | '*' | '(' | ')' | '+' | '=' | '{' | '}'
  | '[' | ']' | '|' | '\\' | ':' | '"' | "'" | '<' | '>' | '?' | '`' | ' '
