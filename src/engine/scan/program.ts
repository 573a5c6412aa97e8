/**
 * A program: an event schema compiled to what the fast path reads. Every known place of an event
 * (`user_id`, `data.price`, `data.products[].price`) is a slot, a small number; what is known of
 * slots stands in typed arrays, and so does what an event has in them.
 */
import type { EventSchema } from '../../model/event.ts'
import type { Field, FieldMap } from '../../model/field.ts'
import type { ColumnRef } from '../../model/plan.ts'
import { assert, present, unreachable } from '../../std/assert.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { KeyEntry, KeyTable } from './predict.ts'
import { createKeyTable } from './predict.ts'

/** What a slot holds. Plain numbers: the fast path switches on them. */
export const KIND_TEXT = 0
export const KIND_ID = 1
export const KIND_TYPE = 2
export const KIND_TIME = 3
export const KIND_CURRENCY = 4
export const KIND_INTEGER = 5
export const KIND_DECIMAL = 6
export const KIND_MONEY = 7
/** Money in a list: checked, but in no column. */
export const KIND_ITEM_MONEY = 8
export const KIND_BOOLEAN = 9
export const KIND_OBJECT = 10
export const KIND_LIST = 11

/** The slots that every program has, and their places in the arrays. */
export const SLOT_EVENT_ID = 0
export const SLOT_EVENT_TYPE = 1
export const SLOT_USER_ID = 2
export const SLOT_TIMESTAMP = 3
export const SLOT_SESSION_ID = 4
export const SLOT_DATA = 5
export const SLOT_CURRENCY = 6

/** An object of the schema: the envelope, `data`, an item of a list. */
export interface ObjectNode {
  readonly keys: KeyTable
  /** 1 for the envelope. */
  readonly depth: number
  readonly requiredCount: number
  /** Serial number of the object being read, as it stands in `seenAt` of its slots. */
  serial: number
  /** The entry of the key read last. */
  entry: KeyEntry
}

/** What a slot is. */
export interface Slots {
  readonly kind: Uint8Array
  readonly isRequired: Uint8Array
  /** 1: the decoded text is needed, for a column. */
  readonly isKept: Uint8Array
  /** Inclusive; of integers. */
  readonly min: Float64Array
  readonly max: Float64Array
  /** Of decimals. */
  readonly scale: Uint8Array
  /** The object in the slot, or the item of the list. */
  readonly node: readonly (ObjectNode | null)[]
}

/** What the event under way has in the slots; all of it is overwritten by the next. */
export interface SlotValues {
  /** Serial number of the object in which the slot's key was seen last. */
  readonly seenAt: Int32Array
  /** Of text in memory, quotes aside; start -1: null. Of other kinds, any start but -1. */
  readonly start: Int32Array
  readonly end: Int32Array
  /** Of numbers: all digits as one integer, then units of the slot's scale. Of times, ms. */
  readonly number: Float64Array
  /** How many of the digits stood behind the point. */
  readonly decimals: Int32Array
}

export interface Program {
  readonly schema: EventSchema
  readonly wanted: readonly ColumnRef[]
  /** Of each wanted column; -1: this type of event does not have it. */
  readonly wantedSlots: Int32Array
  readonly typeName: Uint8Array
  readonly envelope: ObjectNode
  readonly data: ObjectNode
  readonly slots: Slots
  readonly values: SlotValues
  /** The slots of money directly in `data`. */
  readonly moneySlots: Int32Array
}

const NO_SLOT = -1
const ENVELOPE_DEPTH = 1
/** From an object to the items of a list in it. */
const ITEM_DEPTH = 2

/** Compiles a schema for the columns that are wanted. */
export function createProgram(schema: EventSchema, wanted: readonly ColumnRef[]): Program {
  const drafts: SlotDraft[] = []
  const envelope = draftNode(drafts, ENVELOPE, { path: '', depth: ENVELOPE_DEPTH })
  const data = draftNode(drafts, toPlaces(schema.data, true), { path: 'data.', depth: 2 })
  const [dataDraft] = drafts.filter(draft => draft.path === 'data')
  present(dataDraft, 'the slot of data').node = data
  const paths = drafts.map(draft => draft.path)
  const wantedSlots = Int32Array.from(wanted, ref => paths.indexOf(ref.path))
  for (const [index, slot] of wantedSlots.entries()) {
    if (slot !== NO_SLOT) present(drafts[slot], 'the wanted slot').isKept = true
    assertType(present(wanted[index], 'the wanted column'), drafts[slot])
  }
  return {
    schema,
    wanted,
    wantedSlots,
    typeName: toUtf8(schema.name),
    envelope,
    data,
    slots: toSlots(drafts),
    values: createValues(drafts.length),
    moneySlots: Int32Array.from(
      drafts.flatMap((draft, slot) => (draft.kind === KIND_MONEY ? [slot] : [])),
    ),
  }
}

/** A known key of an object. */
interface Place {
  readonly name: string
  readonly kind: number
  readonly isRequired: boolean
  readonly field: Field | null
}

/** A slot on its way into the arrays. */
interface SlotDraft extends Place {
  readonly path: string
  isKept: boolean
  node: ObjectNode | null
}

const ENVELOPE: readonly Place[] = [
  { name: 'event_id', kind: KIND_ID, isRequired: true, field: null },
  { name: 'event_type', kind: KIND_TYPE, isRequired: true, field: null },
  { name: 'user_id', kind: KIND_ID, isRequired: true, field: null },
  { name: 'timestamp', kind: KIND_TIME, isRequired: true, field: null },
  { name: 'session_id', kind: KIND_TEXT, isRequired: false, field: null },
  { name: 'data', kind: KIND_OBJECT, isRequired: false, field: null },
]
const CURRENCY: Place = { name: 'currency', kind: KIND_CURRENCY, isRequired: false, field: null }

/** The places of `data` (with its currency), or of an item. */
function toPlaces(fields: FieldMap, isData: boolean): readonly Place[] {
  const places = Object.entries(fields).map(([name, field]): Place => {
    return { name, kind: toKind(field, isData), isRequired: !field.optional, field }
  })
  return isData ? [CURRENCY, ...places] : places
}

function toKind(field: Field, isData: boolean): number {
  switch (field.kind) {
    case 'string':
      return KIND_TEXT
    case 'integer':
      return KIND_INTEGER
    case 'decimal':
      return KIND_DECIMAL
    case 'money':
      return isData ? KIND_MONEY : KIND_ITEM_MONEY
    case 'boolean':
      return KIND_BOOLEAN
    case 'list':
      return KIND_LIST
    default:
      return unreachable(field)
  }
}

/** Adds slots for the places of an object, then those of the lists in it. */
function draftNode(
  drafts: SlotDraft[],
  places: readonly Place[],
  at: { readonly path: string; readonly depth: number },
): ObjectNode {
  const own = places.map((place): SlotDraft => {
    return { ...place, path: at.path + place.name, isKept: place.kind === KIND_ID, node: null }
  })
  const first = drafts.length
  drafts.push(...own)
  for (const draft of own) {
    if (draft.field?.kind !== 'list') continue
    const inner = { path: `${draft.path}[].`, depth: at.depth + ITEM_DEPTH }
    draft.node = draftNode(drafts, toPlaces(draft.field.fields, false), inner)
  }
  const keys = createKeyTable(new Map(own.map((draft, index) => [draft.name, first + index])))
  const requiredCount = own.filter(draft => draft.isRequired).length
  return { keys, depth: at.depth, requiredCount, serial: 0, entry: keys.start }
}

function toSlots(drafts: readonly SlotDraft[]): Slots {
  const fields = drafts.map(draft => draft.field)
  return {
    kind: Uint8Array.from(drafts, draft => draft.kind),
    isRequired: Uint8Array.from(drafts, draft => Number(draft.isRequired)),
    isKept: Uint8Array.from(drafts, draft => Number(draft.isKept)),
    min: Float64Array.from(fields, field => (field?.kind === 'integer' ? field.min : 0)),
    max: Float64Array.from(fields, field => (field?.kind === 'integer' ? field.max : 0)),
    scale: Uint8Array.from(fields, field => (field?.kind === 'decimal' ? field.scale : 0)),
    node: drafts.map(draft => draft.node),
  }
}

function createValues(slotCount: number): SlotValues {
  return {
    seenAt: new Int32Array(slotCount),
    start: new Int32Array(slotCount),
    end: new Int32Array(slotCount),
    number: new Float64Array(slotCount),
    decimals: new Int32Array(slotCount),
  }
}

/** A column that is wanted as another type than declared is a mistake of the plan. */
function assertType(ref: ColumnRef, draft: SlotDraft | undefined): void {
  if (draft === undefined) return
  const kind = draft.field?.kind ?? 'string'
  const type = kind === 'string' ? 'text' : kind
  assert(ref.type.kind === type, `column ${ref.path} is of type ${type}`)
}
