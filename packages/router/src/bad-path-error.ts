/** A param whose percent-encoding means nothing, as %zz or half a character: the client's mistake, answered 400. */
export class BadPathError extends URIError {
  override readonly name = 'BadPathError'
  readonly code = 'EBB_BAD_PATH'
  readonly status = 400
  /** The client may read the message. */
  readonly expose = true
  /** The param's name. */
  readonly param: string
  /** Its value as it came. */
  readonly value: string

  constructor(param: string, value: string) {
    super(`Cannot decode param "${param}" of the path: ${value.length > 100 ? `${value.slice(0, 100)}…` : value} is not valid percent-encoded UTF-8`)
    this.param = param
    this.value = value
  }
}
