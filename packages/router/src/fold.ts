/**
 * Folds one character as a RegExp with flag `i` and without `u` does (ECMA-262 §22.2.2.7.3, Canonicalize), except that
 * ASCII letters become lower case: 'É' is 'é', but the Kelvin sign is not 'k'.
 */
export function fold(code: number): number {
  return code < 256 ? (LATIN[code] as number) : foldAny(code)
}

/** Leaves a character as it is: what a case-sensitive tree compares. */
export function keep(code: number): number {
  return code
}

function foldAny(code: number): number {
  if (code < 128) return code >= 65 && code <= 90 ? code + 32 : code
  const upper = String.fromCharCode(code).toUpperCase()
  if (upper.length !== 1) return code
  const folded = upper.charCodeAt(0)
  return folded < 128 ? code : folded
}

/** What Node makes of a request line is Latin-1: nothing else is ever folded by `toUpperCase`. */
const LATIN = Uint16Array.from({ length: 256 }, (_, code) => foldAny(code))
