/**
 * An event as a tree that can be changed in places. What no operation comes to stays the bytes that
 * it was: digits, escapes, blanks and all. Only objects and lists on the way to a change are taken
 * apart, so deep nesting elsewhere costs nothing.
 *
 * Of a key that stands twice the last counts, as in JSON.parse; keys are looked up in lists, so no
 * name means anything to JavaScript.
 */
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import type { JsonValue } from '../std/json.ts'

export type Node = Raw | ObjectNode | ArrayNode

/** As it stands in `bytes`. */
export interface Raw {
  readonly kind: 'raw'
  readonly bytes: Uint8Array
  readonly value: JsonValue
}

interface ObjectNode {
  readonly kind: 'object'
  readonly members: Member[]
}

interface Member {
  readonly key: string
  /** As it was written, with its quotes. */
  readonly keyText: string
  node: Node
}

interface ArrayNode {
  readonly kind: 'array'
  readonly items: Node[]
}

/** A tree's root, which an operation may put another in the place of. */
export interface Root {
  node: Node
}

/** A place in a tree, where there may be a value. */
export interface Slot {
  get(): Node | null
  set(node: Node): void
  remove(): void
}

/** Steps of an RFC 6901 pointer, decoded. */
export type Pointer = readonly string[]

/** Null where the text is no pointer. */
export function parsePointer(text: string): Pointer | null {
  if (text === '') return []
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return null
  return text
    .slice(1)
    .split('/')
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

export function toPointerText(pointer: Pointer): string {
  return pointer.map(step => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

export interface FindOptions {
  /** Whether objects that are missing on the way are made. */
  readonly makes: boolean
  /** Whether `*` stands for every item of a list. */
  readonly hasStars: boolean
}

/**
 * The places that a pointer means; none where the way to it is not there. null: something else
 * stands where objects would have to be made.
 */
export function findSlots(
  root: Root,
  pointer: Pointer,
  options: FindOptions,
): readonly Slot[] | null {
  let slots: readonly Slot[] = [rootSlot(root)]
  for (const step of pointer) {
    const inner = slots.map(slot => findInner(slot, step, options))
    if (inner.includes(null)) return null
    slots = inner.flatMap(some => some ?? [])
  }
  return slots
}

/** Whether there is a value; null counts as absent, as in events. */
export function isAbsent(node: Node | null): boolean {
  return node === null || (node.kind === 'raw' && node.value.kind === 'null')
}

/** The JSON of a tree. */
export function toJson(node: Node): string {
  switch (node.kind) {
    case 'raw':
      return fromUtf8(node.bytes.subarray(node.value.start, node.value.end))
    case 'object': {
      const members = node.members.map(({ keyText, node: inner }) => `${keyText}:${toJson(inner)}`)
      return `{${members.join(',')}}`
    }
    case 'array':
      return `[${node.items.map(toJson).join(',')}]`
  }
}

function rootSlot(root: Root): Slot {
  return {
    get: () => root.node,
    set: node => {
      root.node = node
    },
    remove: () => undefined,
  }
}

function findInner(slot: Slot, step: string, options: FindOptions): readonly Slot[] | null {
  if (isAbsent(slot.get())) {
    if (!options.makes) return []
    slot.set({ kind: 'object', members: [] })
  }
  const node = open(slot)
  if (node?.kind === 'object') return [memberSlot(node, step)]
  if (node?.kind === 'array') {
    if (step === '*' && options.hasStars) return node.items.map((_, index) => itemSlot(node, index))
    const index = /^(0|[1-9]\d{0,8})$/.test(step) ? Number(step) : node.items.length
    if (index < node.items.length) return [itemSlot(node, index)]
  }
  return options.makes ? null : []
}

/** Takes what stands there apart, one level; null: it is no object or list. */
function open(slot: Slot): ObjectNode | ArrayNode | null {
  const node = slot.get()
  if (node === null) return null
  if (node.kind !== 'raw') return node
  const { bytes, value } = node
  if (value.kind === 'array') {
    const items = value.items.map((item): Node => ({ kind: 'raw', bytes, value: item }))
    const opened: ArrayNode = { kind: 'array', items }
    slot.set(opened)
    return opened
  }
  if (value.kind !== 'object') return null
  let end = value.start + 1
  const members = value.members.map((member): Member => {
    // What stands before a value: a comma, the key as it was written, a colon, and blanks.
    const before = fromUtf8(bytes.subarray(end, member.value.start)).trim()
    const keyText = before.replace(/^,/, '').slice(0, -1).trim()
    end = member.value.end
    return { key: member.key, keyText, node: { kind: 'raw', bytes, value: member.value } }
  })
  const opened: ObjectNode = { kind: 'object', members }
  slot.set(opened)
  return opened
}

function memberSlot({ members }: ObjectNode, key: string): Slot {
  const find = (): Member | undefined => members.findLast(member => member.key === key)
  return {
    get: () => find()?.node ?? null,
    set: node => {
      const member = find()
      if (member === undefined) members.push({ key, keyText: JSON.stringify(key), node })
      else member.node = node
    },
    // All of that key: else one before it would count.
    remove: () => {
      for (let index = members.length - 1; index >= 0; index -= 1) {
        if (members[index]?.key === key) members.splice(index, 1)
      }
    },
  }
}

function itemSlot({ items }: ArrayNode, index: number): Slot {
  const node = items[index]
  return {
    get: () => items[index] ?? null,
    set: given => {
      items[index] = given
    },
    // Several items of one list may go: each is found where it is then.
    remove: () => {
      const now = node === undefined ? -1 : items.indexOf(node)
      if (now !== -1) items.splice(now, 1)
    },
  }
}

/** A tree of its own. The text is known to be JSON. */
export function toNode(json: string, read: (bytes: Uint8Array) => JsonValue | null): Node | null {
  const bytes = toUtf8(json)
  const value = read(bytes)
  return value === null ? null : { kind: 'raw', bytes, value }
}
