/**
 * Operations, made ready from a checked document. Values are taken from the document's own bytes,
 * so that a number keeps its digits, and a name is nothing but a name.
 */

import type { NumberReader } from '../model/number-text.ts'
import { createNumberReader } from '../model/number-text.ts'
import type { TimeReader } from '../model/time-pattern.ts'
import { createTimeReader, parsePattern as parseTimePattern } from '../model/time-pattern.ts'
import { present, unreachable } from '../std/assert.ts'
import type { JsonValue } from '../std/json.ts'
import { findMember, toStringText } from '../std/json.ts'
import type { OperationDocument, RepairDocument } from './document.ts'
import type { Pattern } from './pattern.ts'
import { parsePattern } from './pattern.ts'
import type { Part } from './replace.ts'
import { parseReplacement } from './replace.ts'
import type { Node, Pointer } from './tree.ts'
import { parsePointer } from './tree.ts'

export type Operation =
  | { readonly kind: 'replace'; readonly pattern: Pattern; readonly parts: readonly Part[] }
  | {
      readonly kind: 'set'
      readonly at: Pointer
      readonly value: Node
      readonly isDefault: boolean
    }
  | { readonly kind: 'move'; readonly from: Pointer; readonly to: Pointer }
  | { readonly kind: 'remove' | 'text'; readonly at: Pointer }
  | { readonly kind: 'number'; readonly at: Pointer; readonly read: NumberReader }
  | { readonly kind: 'time'; readonly at: Pointer; readonly read: TimeReader }
  | {
      readonly kind: 'map'
      readonly at: Pointer
      /** By text, or by the token of what is no text. */
      readonly values: ReadonlyMap<string, Node>
      readonly isClosed: boolean
    }

/** `root` is the document as it was read from `bytes`. */
export function toOperations(
  { transform }: RepairDocument,
  bytes: Uint8Array,
  root: JsonValue,
): readonly Operation[] {
  const list = root.kind === 'object' ? findMember(root, 'transform') : null
  return transform.map((operation, index) => {
    const written = list?.kind === 'array' ? list.items[index] : undefined
    return toOperation(operation, bytes, present(written, 'an operation as it was written'))
  })
}

function toOperation(given: OperationDocument, bytes: Uint8Array, written: JsonValue): Operation {
  const member = (name: string): JsonValue =>
    present(written.kind === 'object' ? findMember(written, name) : null, `member ${name}`)
  const givenValue = (): Node => ({ kind: 'raw', bytes, value: member('value') })
  if ('replace' in given) {
    const { replace, with: text } = given
    return { kind: 'replace', pattern: parsePattern(replace), parts: parseReplacement(text) }
  }
  if ('set' in given) {
    return { kind: 'set', at: pointerOf(given.set), value: givenValue(), isDefault: false }
  }
  if ('default' in given) {
    return { kind: 'set', at: pointerOf(given.default), value: givenValue(), isDefault: true }
  }
  if ('move' in given) return { kind: 'move', from: pointerOf(given.move), to: pointerOf(given.to) }
  if ('remove' in given) return { kind: 'remove', at: pointerOf(given.remove) }
  if ('text' in given) return { kind: 'text', at: pointerOf(given.text) }
  if ('number' in given) {
    const read = createNumberReader(given)
    return { kind: 'number', at: pointerOf(given.number), read }
  }
  if ('time' in given) {
    const pattern = present(parseTimePattern(given.pattern), 'the pattern of a checked repair')
    const read = createTimeReader(pattern, given.zone ?? 'UTC')
    return { kind: 'time', at: pointerOf(given.time), read }
  }
  if ('map' in given) {
    const values = toTable(bytes, member('values'))
    return { kind: 'map', at: pointerOf(given.map), values, isClosed: given.other === 'refuse' }
  }
  return unreachable(given)
}

function toTable(bytes: Uint8Array, written: JsonValue): ReadonlyMap<string, Node> {
  const members = written.kind === 'object' ? written.members : []
  return new Map(
    members.map(({ key, value }): [string, Node] => [key, { kind: 'raw', bytes, value }]),
  )
}

function pointerOf(text: string): Pointer {
  return present(parsePointer(text), 'a checked pointer')
}

/** A text as it reads, of anything else its token; null: it is no single value. */
export function toWord(node: Node): { readonly text: string; readonly kind: string } | null {
  if (node.kind !== 'raw') return null
  const { bytes, value } = node
  if (value.kind === 'object' || value.kind === 'array') return null
  if (value.kind === 'string') return { text: toStringText(bytes, value), kind: 'string' }
  const text = new TextDecoder().decode(bytes.subarray(value.start, value.end))
  return { text, kind: value.kind }
}
