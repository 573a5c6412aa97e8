/**
 * The text of a file's bytes. Newlines, quotes and delimiters are the same bytes in each encoding.
 */
import { isUtf8 } from 'node:buffer'
import type { Encoding } from './mapping.ts'

/** The text of the bytes from `start` to `end`, or null where they are none. */
export type Decode = (bytes: Buffer, start: number, end: number) => string | null

const REPLACEMENT = '\ufffd'

export function createDecode(encoding: Encoding): Decode {
  if (encoding === 'utf-8') return decodeUtf8
  const decoder = new TextDecoder(encoding)
  return (bytes, start, end) => decoder.decode(bytes.subarray(start, end))
}

/** Most text has no replacement character, so most bytes are not looked at twice. */
function decodeUtf8(bytes: Buffer, start: number, end: number): string | null {
  const text = bytes.toString('utf8', start, end)
  const isText = !text.includes(REPLACEMENT) || isUtf8(bytes.subarray(start, end))
  return isText ? text : null
}
