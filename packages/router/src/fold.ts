/**
 * Folds one character as a RegExp with flag `i` and without `u` does (ECMA-262 §22.2.2.7.3, Canonicalize), except that
 * ASCII letters become lower case: 'É' is 'é', but the Kelvin sign is not 'k'.
 */
export function fold(code: number): number {
  if (code < 128) return code >= 65 && code <= 90 ? code + 32 : code
  const upper = String.fromCharCode(code).toUpperCase()
  if (upper.length !== 1) return code
  const folded = upper.charCodeAt(0)
  return folded < 128 ? code : folded
}

/** Leaves a character as it is: what a case-sensitive tree compares. */
export function keep(code: number): number {
  return code
}
