/** Keys of objects: what every adapter refuses, so that what one can hold all others can. */
import { assert } from '../std/assert.ts'

const SEGMENT = /^[A-Za-z0-9._=-]+$/

/** Crashes for a key that is none: keys are made by our own code. */
export function assertKey(key: string): void {
  assert(isKey(key), `'${key}' is a key of an object`)
}

/** Crashes for what no key can begin with. '' is the prefix of all. */
export function assertPrefix(prefix: string): void {
  const [last = '', ...before] = prefix.split('/').toReversed()
  const isPrefix = before.every(isSegment) && (last === '' || SEGMENT.test(last))
  assert(isPrefix, `'${prefix}' is a prefix of keys`)
}

export function isKey(text: string): boolean {
  return text.split('/').every(isSegment)
}

export function isSegment(text: string): boolean {
  return SEGMENT.test(text) && text !== '.' && text !== '..'
}
