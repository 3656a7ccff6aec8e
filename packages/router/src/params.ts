import { BadPathError } from './bad-path-error'

/** A named part of a pattern. */
interface Named {
  readonly name: string
  readonly wildcard: boolean
}

/** `ctx.params` where nothing more is known. */
export type AnyParams = Record<string, string | string[]>

/**
 * What was captured, decoded and by name, beside a copy of `existing`. A wildcard is an array, split before it is
 * decoded, so that an encoded '/' stays within its part. Where a name comes twice the later one counts.
 * @throws BadPathError (status 400) for a percent-encoding that means nothing
 */
export function readParams(names: readonly Named[], captured: readonly (string | undefined)[], existing?: object): AnyParams {
  const params: AnyParams = existing === undefined ? {} : { ...existing }
  for (let index = 0; index < names.length; index++) {
    const value = captured[index]
    if (value === undefined) continue
    const { name, wildcard } = names[index] as Named
    set(params, name, wildcard ? value.split('/').map((part) => decode(part, name)) : decode(value, name))
  }
  return params
}

/** What a RegExp captured: by number, as in Express, and by the names of its groups. */
export function readGroups(captured: readonly (string | undefined)[], groups: Record<string, string> | undefined, existing?: object): AnyParams {
  const params: AnyParams = existing === undefined ? {} : { ...existing }
  for (const [name, value] of [...captured.entries(), ...Object.entries(groups ?? {})]) {
    if (value) set(params, String(name), decode(value, String(name)))
  }
  return params
}

/** `__proto__` is a name as any other, and sets no prototype. */
function set(params: AnyParams, name: string, value: string | string[]): void {
  if (name === '__proto__') Object.defineProperty(params, name, { value, writable: true, enumerable: true, configurable: true })
  else params[name] = value
}

/** '+' stays '+': in a path a space is %20. */
function decode(value: string, name: string): string {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    throw new BadPathError(name, value)
  }
}
