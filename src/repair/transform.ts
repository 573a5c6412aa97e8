/**
 * Repairing one record: its bytes through the operations, one after the other. It never throws for
 * what an event holds: an event that an operation does not fit is told apart, and stays as it is.
 */
import { createHash } from 'node:crypto'
import { EVENT_BYTES_MAX, EVENT_DEPTH_MAX } from '../model/event.ts'
import type { Reject } from '../model/step.ts'
import { present, unreachable } from '../std/assert.ts'
import { toUtf8 } from '../std/bytes.ts'
import { readJson } from '../std/json.ts'
import type { Operation } from './operations.ts'
import { toWord } from './operations.ts'
import { replaceAll } from './replace.ts'
import type { FindOptions, Node, Root } from './tree.ts'
import { findSlots, isAbsent, toJson, toNode, toPointerText } from './tree.ts'

export type Repaired =
  | { readonly kind: 'event'; readonly bytes: Uint8Array }
  /** `operation` counts from 1. */
  | { readonly kind: 'unfit'; readonly operation: number; readonly why: string }

/** The event that becomes of a reject; whether it is valid then, the verdict tells. */
export function repairReject(operations: readonly Operation[], reject: Reject): Repaired {
  let bytes = reject.value ?? new Uint8Array(0)
  const firstOnTree = operations.findIndex(operation => operation.kind !== 'replace')
  const replaceCount = firstOnTree === -1 ? operations.length : firstOnTree
  for (const [index, operation] of operations.slice(0, replaceCount).entries()) {
    if (operation.kind !== 'replace') return unreachable(operation as never)
    const replaced = replaceAll(bytes, operation, EVENT_BYTES_MAX)
    if (replaced === null) return unfit(index, 'the event gets too large, or it takes too long')
    bytes = replaced
  }
  const { root } = readJson(bytes, EVENT_DEPTH_MAX)
  // What is no JSON yet stays so, and its verdict says it.
  if (root === null) return { kind: 'event', bytes }
  const tree: Root = { node: { kind: 'raw', bytes, value: root } }
  const before = tree.node
  for (const [index, operation] of operations.entries()) {
    const why = operation.kind === 'replace' ? null : apply(tree, operation)
    if (why !== null) return unfit(index, `${toPlaceText(operation)} ${why}`)
  }
  addEventId(tree, reject)
  return { kind: 'event', bytes: tree.node === before ? bytes : toUtf8(toJson(tree.node)) }
}

function toPlaceText(operation: Operation): string {
  switch (operation.kind) {
    case 'replace':
      return 'the event'
    case 'move':
      return toPointerText(operation.to)
    default:
      return toPointerText(operation.at)
  }
}

function unfit(index: number, why: string): Repaired {
  return { kind: 'unfit', operation: index + 1, why }
}

const FIND: FindOptions = { makes: false, hasStars: true }
const MAKE: FindOptions = { makes: true, hasStars: true }
/** Where one place goes to another, each is one. */
const FIND_ONE: FindOptions = { makes: false, hasStars: false }
const MAKE_ONE: FindOptions = { makes: true, hasStars: false }
const NO_PLACE = 'has another value where an object should be'

/** Null, or why the operation does not fit. */
function apply(root: Root, operation: Exclude<Operation, { kind: 'replace' }>): string | null {
  switch (operation.kind) {
    case 'set': {
      const slots = findSlots(root, operation.at, MAKE)
      if (slots === null) return NO_PLACE
      for (const slot of slots) {
        if (!operation.isDefault || isAbsent(slot.get())) slot.set(operation.value)
      }
      return null
    }
    case 'move':
      return move(root, operation)
    case 'remove':
      for (const slot of findSlots(root, operation.at, FIND) ?? []) slot.remove()
      return null
    case 'text':
      return changeWords(root, operation.at, ({ text, kind }) =>
        kind === 'number' ? toNodeOf(JSON.stringify(text)) : 'keep',
      )
    case 'number':
      return changeWords(root, operation.at, ({ text, kind }) => {
        if (kind !== 'string') return 'keep'
        const number = operation.read(text)
        return number === null ? 'is not a number of this form' : toNodeOf(number)
      })
    case 'time':
      return changeWords(root, operation.at, ({ text, kind }) => {
        if (kind !== 'string' && kind !== 'number') return 'keep'
        const time = operation.read(text)
        return time === null ? 'is not a time of this pattern' : toNodeOf(JSON.stringify(time))
      })
    case 'map':
      return changeWords(root, operation.at, ({ text }) => {
        const value = operation.values.get(text)
        if (value !== undefined) return value
        return operation.isClosed ? 'is not in the table' : 'keep'
      })
    default:
      return unreachable(operation)
  }
}

/** Changes single values that are there; what is missing, null or larger stays. */
function changeWords(
  root: Root,
  at: readonly string[],
  change: (word: { readonly text: string; readonly kind: string }) => Node | string,
): string | null {
  for (const slot of findSlots(root, at, FIND) ?? []) {
    const node = slot.get()
    const word = node === null || isAbsent(node) ? null : toWord(node)
    if (word === null) continue
    const changed = change(word)
    if (changed === 'keep') continue
    if (typeof changed === 'string') return changed
    slot.set(changed)
  }
  return null
}

/** The value goes in place of what is there; where there is none to move, nothing happens. */
function move(
  root: Root,
  { from, to }: { readonly from: readonly string[]; readonly to: readonly string[] },
): string | null {
  const [source] = findSlots(root, from, FIND_ONE) ?? []
  const node = source?.get() ?? null
  if (source === undefined || node === null) return null
  source.remove()
  const [target] = findSlots(root, to, MAKE_ONE) ?? []
  if (target === undefined) return NO_PLACE
  target.set(node)
  return null
}

function toNodeOf(json: string): Node {
  const node = toNode(json, bytes => readJson(bytes, EVENT_DEPTH_MAX).root)
  return present(node, 'a value that was written here')
}

/**
 * An event without an id gets one from its place and its bytes, so that it is the same event
 * whenever it is sent again; in the shape of a UUID, since ids of that shape are compact.
 */
function addEventId(root: Root, reject: Reject): void {
  const { node } = root
  const isObject = node.kind === 'object' || (node.kind === 'raw' && node.value.kind === 'object')
  if (!isObject) return
  const [slot] = findSlots(root, ['event_id'], FIND_ONE) ?? []
  if (slot === undefined || !isAbsent(slot.get())) return
  slot.set(toNodeOf(JSON.stringify(deriveEventId(reject))))
}

export function deriveEventId(reject: Reject): string {
  const place = `${reject.topic}/${reject.partition}/${reject.offset}\n`
  const hash = createHash('sha256').update(place)
  const digits = hash.update(reject.value ?? '').digest('hex')
  const heads = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16)]
  return [...heads, digits.slice(16, 20), digits.slice(20, 32)].join('-')
}
