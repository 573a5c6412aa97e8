/**
 * What an event is, told plainly: the slow path, and the reference that the fast one must equal. It
 * looks for faults in exactly the order that `model/verdict.ts` promises.
 */
import type { Catalog } from '../../model/catalog.ts'
import { CURRENCY_DECIMALS } from '../../model/currency.ts'
import type { EventSchema } from '../../model/event.ts'
import { EVENT_BYTES_MAX, EVENT_DEPTH_MAX, ID_BYTES_MAX } from '../../model/event.ts'
import type { DecimalField, Field, FieldMap, IntegerField, MoneyField } from '../../model/field.ts'
import { AMOUNT_UNITS_MAX } from '../../model/field.ts'
import { parseTimestamp } from '../../model/time.ts'
import type { Invalid, InvalidCode } from '../../model/verdict.ts'
import { present, unreachable } from '../../std/assert.ts'
import { fromUtf8 } from '../../std/bytes.ts'
import type { JsonObject, JsonReading, JsonValue } from '../../std/json.ts'
import { findMember, readJson, toStringText } from '../../std/json.ts'
import type { UnitBounds } from '../../std/json-number.ts'
import { toUnits } from '../../std/json-number.ts'

export interface ReadContext {
  readonly catalog: Catalog
  /** The schema of the record's topic; `unparsed`: weir.unparsed; `door`: not in a topic yet. */
  readonly home: EventSchema | 'unparsed' | 'door'
  /** -1: unknown. */
  readonly arrivalMs: number
}

export interface Event {
  readonly kind: 'event'
  readonly schema: EventSchema
  readonly eventId: string
  readonly userId: string
  readonly timeMs: number
  /** ISO 4217: `data.currency`, or the catalog's. */
  readonly currency: string
  /** What is there, by path (`session_id`, `data.price`): text, or numbers as in a NumberColumn. */
  readonly fields: ReadonlyMap<string, string | number>
}

type Path = readonly (string | number)[]

/** An event under way through the checks. */
interface Draft {
  readonly bytes: Uint8Array
  readonly context: ReadContext
  currency: string
  readonly fields: Map<string, string | number>
}

/** Where in the event the checks are: `part` within its parent; `data` has none. */
interface Spot {
  readonly draft: Draft
  readonly parent: Spot | null
  readonly part: string | number
}

const SAFE_INTEGER_MAX = BigInt(Number.MAX_SAFE_INTEGER)

/** Reads one event. `value` null: the record has none. */
export function readEvent(value: Uint8Array | null, context: ReadContext): Event | Invalid {
  if (value === null) return toInvalid('no_value', [])
  if (value.length > EVENT_BYTES_MAX) return toInvalid('too_large', [])
  return judgeReading(value, readJson(value, EVENT_DEPTH_MAX), context)
}

/** As `readEvent`, of bytes that were read as JSON before. */
export function judgeReading(
  bytes: Uint8Array,
  reading: JsonReading,
  context: ReadContext,
): Event | Invalid {
  if (reading.kind === 'fault') return toInvalid(reading.code, [])
  if (reading.root.kind !== 'object') return toInvalid('not_object', [])
  const currency = context.catalog.currency
  return judgeEnvelope(reading.root, { bytes, context, currency, fields: new Map() })
}

/** The text of a non-empty string of at most 256 bytes; else why it is none. */
export function readId(bytes: Uint8Array, value: JsonValue | null): string | { code: InvalidCode } {
  if (value === null || value.kind === 'null') return { code: 'missing' }
  if (value.kind !== 'string') return { code: 'wrong_type' }
  const text = toStringText(bytes, value)
  if (text === '') return { code: 'empty' }
  return Buffer.byteLength(text) > ID_BYTES_MAX ? { code: 'too_long' } : text
}

function judgeEnvelope(root: JsonObject, draft: Draft): Event | Invalid {
  const { bytes, context } = draft
  const schema = judgeType(root, draft)
  if ('code' in schema) return schema
  const eventId = readId(bytes, findMember(root, 'event_id'))
  if (typeof eventId !== 'string') return toInvalid(eventId.code, ['event_id'])
  const userId = readId(bytes, findMember(root, 'user_id'))
  if (typeof userId !== 'string') return toInvalid(userId.code, ['user_id'])
  const timeMs = judgeTimestamp(root, draft)
  if (typeof timeMs !== 'number') return timeMs
  const fault =
    judgeSession(root, draft) ??
    judgeData(root, schema, draft) ??
    judgeAge(timeMs, context) ??
    (context.home === 'unparsed' ? toInvalid('wrong_topic', ['event_type']) : null)
  if (fault !== null) return fault
  const { currency, fields } = draft
  fields.set('event_id', eventId).set('event_type', schema.name).set('user_id', userId)
  return { kind: 'event', schema, eventId, userId, timeMs, currency, fields }
}

function judgeType(root: JsonObject, { bytes, context }: Draft): EventSchema | Invalid {
  const name = readId(bytes, findMember(root, 'event_type'))
  if (typeof name !== 'string') return toInvalid(name.code, ['event_type'])
  const schema = context.catalog.events.find(event => event.name === name)
  if (schema === undefined) return toInvalid('unknown_type', ['event_type'])
  const isElsewhere = typeof context.home === 'object' && context.home.name !== name
  return isElsewhere ? toInvalid('wrong_topic', ['event_type']) : schema
}

function judgeTimestamp(root: JsonObject, { bytes }: Draft): number | Invalid {
  const value = findMember(root, 'timestamp')
  if (value === null || value.kind === 'null') return toInvalid('missing', ['timestamp'])
  if (value.kind !== 'string') return toInvalid('wrong_type', ['timestamp'])
  return parseTimestamp(toStringText(bytes, value)) ?? toInvalid('bad_timestamp', ['timestamp'])
}

function judgeSession(root: JsonObject, { bytes, fields }: Draft): Invalid | null {
  const value = findMember(root, 'session_id')
  if (value === null || value.kind === 'null') return null
  if (value.kind !== 'string') return toInvalid('wrong_type', ['session_id'])
  fields.set('session_id', toStringText(bytes, value))
  return null
}

function judgeData(root: JsonObject, schema: EventSchema, draft: Draft): Invalid | null {
  const value = findMember(root, 'data')
  if (value !== null && value.kind !== 'null' && value.kind !== 'object') {
    return toInvalid('wrong_type', ['data'])
  }
  const data: JsonObject =
    value?.kind === 'object' ? value : { kind: 'object', start: 0, end: 0, members: [] }
  return (
    judgeCurrency(data, draft) ??
    judgeFields(data, schema.data, { draft, parent: null, part: 'data' })
  )
}

function judgeCurrency(data: JsonObject, draft: Draft): Invalid | null {
  const value = findMember(data, 'currency')
  if (value === null || value.kind === 'null') return null
  if (value.kind !== 'string') return toInvalid('wrong_type', ['data', 'currency'])
  const code = toStringText(draft.bytes, value)
  if (!CURRENCY_DECIMALS.has(code)) return toInvalid('unknown_currency', ['data', 'currency'])
  draft.currency = code
  draft.fields.set('data.currency', code)
  return null
}

/** Checks the declared fields of an object, in their order; the first fault counts. */
function judgeFields(object: JsonObject, fields: FieldMap, parent: Spot): Invalid | null {
  const { draft } = parent
  for (const name of Object.keys(fields)) {
    const field = present(fields[name], name)
    const value = findMember(object, name)
    const isAbsent = value === null || value.kind === 'null'
    if (isAbsent && field.optional) continue
    const spot: Spot = { draft, parent, part: name }
    const fault = isAbsent ? toInvalid('missing', toPath(spot)) : judgeField(value, field, spot)
    if (fault !== null) return fault
  }
  return null
}

function judgeField(value: JsonValue, field: Field, spot: Spot): Invalid | null {
  const { bytes } = spot.draft
  switch (field.kind) {
    case 'string':
      return value.kind === 'string' ? keep(spot, toStringText(bytes, value)) : toMistyped(spot)
    case 'boolean':
      if (value.kind !== 'true' && value.kind !== 'false') return toMistyped(spot)
      return keep(spot, value.kind === 'true' ? 1 : 0)
    case 'integer':
    case 'decimal':
    case 'money':
      return judgeNumber(value, field, spot)
    case 'list':
      return value.kind === 'array' ? judgeItems(value.items, field.fields, spot) : toMistyped(spot)
    default:
      return unreachable(field)
  }
}

type NumberField = IntegerField | DecimalField | MoneyField

function judgeNumber(value: JsonValue, field: NumberField, spot: Spot): Invalid | null {
  if (value.kind !== 'number') return toMistyped(spot)
  const text = fromUtf8(spot.draft.bytes.subarray(value.start, value.end))
  const units = toUnits(text, toBounds(field, spot.draft.currency))
  if (typeof units === 'string') {
    const isFraction = units === 'too_precise' && field.kind === 'integer'
    return toInvalid(isFraction ? 'not_integer' : units, toPath(spot))
  }
  const number = Number(units) // exact: both bounds on units are below 2^53
  const isOutside = field.kind === 'integer' && (number < field.min || number > field.max)
  return isOutside ? toInvalid('out_of_range', toPath(spot)) : keep(spot, number)
}

function toBounds(field: NumberField, currency: string): UnitBounds {
  switch (field.kind) {
    case 'integer':
      return { scale: 0, unitsMax: SAFE_INTEGER_MAX }
    case 'decimal':
      return { scale: field.scale, unitsMax: AMOUNT_UNITS_MAX }
    case 'money':
      return {
        scale: present(CURRENCY_DECIMALS.get(currency), currency),
        unitsMax: AMOUNT_UNITS_MAX,
      }
    default:
      return unreachable(field)
  }
}

/** Item by item; null is no object, and so no item. */
function judgeItems(items: readonly JsonValue[], fields: FieldMap, spot: Spot): Invalid | null {
  for (const [index, item] of items.entries()) {
    const itemSpot: Spot = { draft: spot.draft, parent: spot, part: index }
    if (item.kind !== 'object') return toMistyped(itemSpot)
    const fault = judgeFields(item, fields, itemSpot)
    if (fault !== null) return fault
  }
  return null
}

/** Keeps a field of `data`; those of items are in no column. */
function keep({ draft, parent, part }: Spot, value: string | number): null {
  if (parent?.parent === null) draft.fields.set(`data.${part}`, value)
  return null
}

function judgeAge(timeMs: number, { catalog, arrivalMs }: ReadContext): Invalid | null {
  if (arrivalMs < 0) return null
  const { futureSkewMs, eventAgeMsMax } = catalog
  if (timeMs > arrivalMs + futureSkewMs) return toInvalid('future', ['timestamp'])
  const isOld = eventAgeMsMax !== null && timeMs < arrivalMs - eventAgeMsMax
  return isOld ? toInvalid('too_old', ['timestamp']) : null
}

function toMistyped(spot: Spot): Invalid {
  return toInvalid('wrong_type', toPath(spot))
}

function toPath({ parent, part }: Spot): Path {
  return parent === null ? [part] : [...toPath(parent), part]
}

/** RFC 6901: `~` and `/` within a part are escaped. */
function toInvalid(code: InvalidCode, path: Path): Invalid {
  const parts = path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
  return { kind: 'invalid', code, pointer: parts.join('') }
}
