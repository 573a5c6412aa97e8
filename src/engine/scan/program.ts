/**
 * A program: an event schema compiled to what the fast path reads. Every known place of an event
 * (`user_id`, `data.price`, `data.products[].price`) is a slot in the memory of the fast path, with
 * what it may hold, and what the event under way holds there.
 */
import type { EventSchema } from '../../model/event.ts'
import type { Field, FieldMap } from '../../model/field.ts'
import type { ColumnRef } from '../../model/plan.ts'
import { assert, present, unreachable } from '../../std/assert.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { Address, FastPath } from './fast-path.ts'
import { putBytes } from './fast-path.ts'

/** What a slot holds: numbers that `wasm/assembly/layout.ts` shares. */
const KIND_TEXT = 0
const KIND_ID = 1
const KIND_TYPE = 2
const KIND_TIME = 3
const KIND_CURRENCY = 4
const KIND_INTEGER = 5
const KIND_DECIMAL = 6
const KIND_MONEY = 7
/** Money in a list: checked, but in no column. */
const KIND_ITEM_MONEY = 8
const KIND_BOOLEAN = 9
const KIND_OBJECT = 10
const KIND_LIST = 11

/** From an object to the items of a list in it. */
const ITEM_DEPTH = 2
const ENVELOPE_DEPTH = 1
const DATA_DEPTH = 2

/**
 * Compiles a schema for the columns that are wanted; the program is good until `forgetPrograms`.
 * Those that its events do not have are missing in every row.
 */
export function createProgram(
  fast: FastPath,
  schema: EventSchema,
  wanted: readonly ColumnRef[],
): Address {
  const kept = new Set(wanted.map(ref => ref.path))
  const slots = new Map<string, Slot>()
  const build: Build = { fast, kept, slots }
  const envelope = buildNode(build, ENVELOPE, { path: '', depth: ENVELOPE_DEPTH })
  const places = toPlaces(schema.data, true)
  const data = buildNode(build, places, { path: 'data.', depth: DATA_DEPTH })
  const slotOf = (path: string): Address => present(slots.get(path), `the slot of ${path}`).address
  const program = fast.createProgram(envelope, data, slotOf('data'))
  fast.setEnvelope(program, slotOf('event_id'), slotOf('user_id'), slotOf('timestamp'))
  const name = toUtf8(schema.name)
  fast.setTypeName(program, putBytes(fast, name), name.length)
  const money = places.filter(place => place.kind === KIND_MONEY)
  const moneySlots = Uint32Array.from(money, place => slotOf(`data.${place.name}`))
  fast.setMoney(program, putBytes(fast, new Uint8Array(moneySlots.buffer)), money.length)
  fast.setFieldCount(program, wanted.length)
  for (const [index, ref] of wanted.entries()) {
    const slot = slots.get(ref.path)
    if (slot !== undefined) assertType(ref, slot)
    fast.setField(program, index, slot?.address ?? 0, Number(ref.type.kind === 'text'))
  }
  return program
}

/** A known key of an object. */
interface Place {
  readonly name: string
  readonly kind: number
  readonly isRequired: boolean
  readonly field: Field | null
}

/** A place that is in the memory. */
interface Slot extends Place {
  readonly address: Address
}

/** A program under way. */
interface Build {
  readonly fast: FastPath
  /** The paths whose decoded text is needed, for a column. */
  readonly kept: ReadonlySet<string>
  readonly slots: Map<string, Slot>
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

/** Makes slots for the places of an object, and for those of the lists in it. */
function buildNode(
  build: Build,
  places: readonly Place[],
  at: { readonly path: string; readonly depth: number },
): Address {
  const { fast, slots } = build
  const requiredCount = places.filter(place => place.isRequired).length
  const node = fast.createNode(at.depth, requiredCount, places.length)
  for (const [index, place] of places.entries()) {
    const path = at.path + place.name
    const address = buildSlot(build, place, path)
    const name = toUtf8(place.name)
    fast.setName(node, index, address, putBytes(fast, name), name.length)
    slots.set(path, { ...place, address })
    if (place.field?.kind !== 'list') continue
    const inner = { path: `${path}[].`, depth: at.depth + ITEM_DEPTH }
    fast.setNode(address, buildNode(build, toPlaces(place.field.fields, false), inner))
  }
  return node
}

function buildSlot({ fast, kept }: Build, place: Place, path: string): Address {
  const { kind, field } = place
  const isKept = kind === KIND_ID || kept.has(path)
  const scale = field?.kind === 'decimal' ? field.scale : 0
  const slot = fast.createSlot(kind, Number(place.isRequired), Number(isKept), scale)
  if (field?.kind === 'integer') fast.setBounds(slot, field.min, field.max)
  return slot
}

/** A column that is wanted as another type than declared is a mistake of the plan. */
function assertType(ref: ColumnRef, { field }: Slot): void {
  const kind = field?.kind ?? 'string'
  const type = kind === 'string' ? 'text' : kind
  assert(ref.type.kind === type, `column ${ref.path} is of type ${type}`)
}
