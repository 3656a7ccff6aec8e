import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { createHttpError } from './http-error'
import { typeIs } from './type-is'

/**
 * @param charset - as Content-Type names it; '' is UTF-8
 * @throws HttpError 415 for a charset we do not know, 400 for bytes that are none of it
 */
export function decode(body: Buffer, charset: string): string {
  if (charset === '' || charset.toLowerCase() === 'utf-8') {
    const text = body.toString('utf8', startsWithMark(body) ? 3 : 0)
    if (text.includes(REPLACEMENT) && !isUtf8(body)) throw undecodable('utf-8')
    return text
  }
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(charset, { fatal: true })
  } catch {
    throw createHttpError(415, `The body's charset ${charset} is not known`)
  }
  try {
    return decoder.decode(body)
  } catch {
    throw undecodable(decoder.encoding)
  }
}

function undecodable(charset: string): Error {
  return createHttpError(400, `The body is not in the charset ${charset}`)
}

/** What bytes that are no UTF-8 become; a text may also hold it. */
const REPLACEMENT = '\ufffd'

/** The byte order mark, which is no part of the text (WHATWG Encoding, UTF-8 decode). */
function startsWithMark(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
}

/** @throws HttpError 400 with what is wrong and where */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (text.trim() === '') throw createHttpError(400, 'The body is empty: it must be JSON')
    throw createHttpError(400, `The body is not JSON: ${(error as Error).message}`)
  }
}

/** @param type - a request's Content-Type, or '' */
export function isJson(type: string): boolean {
  if (type.startsWith(JSON_TYPE) && (type.length === JSON_TYPE.length || type[JSON_TYPE.length] === ';')) return true
  return typeIs().is(type, 'json', '+json') !== false
}

const JSON_TYPE = 'application/json'
