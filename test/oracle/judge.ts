/**
 * The verdict of every record, as promised: plainly, one record after the other, in order of
 * offset. The order in which faults are looked for is part of the promise (see
 * src/model/verdict.ts).
 */
import { decimalsOf } from './currencies.ts'
import type { Json } from './json.ts'
import { isList, isNumber, isObject, readJson } from './json.ts'
import { toUnits } from './number.ts'
import type { OracleRecord } from './read-log.ts'
import type { OracleField, OracleSettings, OracleType } from './shop.ts'
import { readTime } from './time.ts'

/** An exact number: units × 10^-scale. */
export interface Exact {
  readonly units: bigint
  readonly scale: number
}
export type Value = string | boolean | Exact

export interface OracleEvent {
  readonly type: string
  readonly partition: number
  readonly timeMs: number
  /** What the event carries of envelope and data, by path; absent and null fields are not there. */
  readonly fields: ReadonlyMap<string, Value>
  /** Its own currency, or that of the settings. */
  readonly currency: string
}

export interface Fault {
  readonly kind: 'invalid'
  readonly code: string
  readonly pointer: string
}

export type Judgement =
  | { readonly kind: 'accepted'; readonly event: OracleEvent }
  | { readonly kind: 'duplicate' }
  | Fault

export interface Judged {
  readonly record: OracleRecord
  readonly verdict: Judgement
}

/** What a front door may have written as its reason. */
const CODES =
  'no_value too_large not_utf8 not_json too_deep lone_surrogate not_object csv_line missing ' +
  'wrong_type empty too_long unknown_type wrong_topic bad_timestamp future too_old not_integer ' +
  'out_of_range too_precise unknown_currency'
const UNPARSED = 'weir.unparsed'
const EVENT_BYTES_MAX = 64 * 1024
const DEPTH_MAX = 32
const ID_BYTES_MAX = 256
const AMOUNT_UNITS_MAX = 10n ** 15n
const DAY_MS = 86_400_000

/** Judges records, which come in order of offset within each partition. */
export function judge(records: readonly OracleRecord[], settings: OracleSettings): Judged[] {
  const daysById = new Map<string, number[]>()
  return records.map(record => {
    const verdict = judgeAlone(record, settings)
    if (verdict.kind !== 'accepted') return { record, verdict }
    const { timeMs, fields } = verdict.event
    const id = [record.topic, record.partition, fields.get('user_id'), fields.get('event_id')]
    const days = daysById.get(JSON.stringify(id)) ?? []
    const day = Math.floor(timeMs / DAY_MS)
    if (days.some(known => Math.abs(known - day) <= settings.dedupDays)) {
      return { record, verdict: { kind: 'duplicate' } }
    }
    daysById.set(JSON.stringify(id), [...days, day])
    return { record, verdict }
  })
}

/** The verdict of a record apart from duplicates. */
export function judgeAlone(record: OracleRecord, settings: OracleSettings): Judgement {
  const reason = record.headers.get('weir-reason')
  if (isUnparsed(record, settings) && CODES.split(' ').includes(reason ?? ''))
    return fault(String(reason), '')
  if (record.value === null) return fault('no_value', '')
  if (record.value.length > EVENT_BYTES_MAX) return fault('too_large', '')
  const read = readJson(record.value, DEPTH_MAX)
  if (typeof read === 'string') return fault(read, '')
  if (!isObject(read.json)) return fault('not_object', '')
  return judgeEnvelope(read.json, record, settings)
}

function isUnparsed({ topic }: OracleRecord, { topicPrefix }: OracleSettings): boolean {
  return topic === topicPrefix + UNPARSED
}

type Envelope = ReadonlyMap<string, Json>

function judgeEnvelope(
  envelope: Envelope,
  record: OracleRecord,
  settings: OracleSettings,
): Judgement {
  const wrongType = idFault(envelope, 'event_type')
  if (wrongType !== null) return wrongType
  const type = settings.types.find(known => known.name === envelope.get('event_type'))
  if (type === undefined) return fault('unknown_type', '/event_type')
  const isElsewhere = settings.topicPrefix + type.name !== record.topic
  if (isElsewhere && !isUnparsed(record, settings)) return fault('wrong_topic', '/event_type')
  const event = readEvent(envelope, { type, record, settings })
  if ('kind' in event) return event
  if (isElsewhere) return fault('wrong_topic', '/event_type')
  return { kind: 'accepted', event }
}

interface Context {
  readonly type: OracleType
  readonly record: OracleRecord
  readonly settings: OracleSettings
}

function readEvent(envelope: Envelope, context: Context): OracleEvent | Fault {
  const { type, record, settings } = context
  const wrongId = idFault(envelope, 'event_id') ?? idFault(envelope, 'user_id')
  if (wrongId !== null) return wrongId
  const timeMs = readTimestamp(envelope)
  if (typeof timeMs !== 'number') return timeMs
  const session = envelope.get('session_id') ?? null
  if (session !== null && typeof session !== 'string') return fault('wrong_type', '/session_id')
  const data = envelope.get('data') ?? new Map<string, Json>()
  if (!isObject(data)) return fault('wrong_type', '/data')
  const currency = data.get('currency') ?? settings.currency
  if (typeof currency !== 'string') return fault('wrong_type', '/data/currency')
  if (decimalsOf(currency) === undefined) return fault('unknown_currency', '/data/currency')
  const fields = new Map<string, Value>()
  for (const path of ['event_id', 'event_type', 'user_id', 'session_id']) {
    const value = envelope.get(path)
    if (typeof value === 'string') fields.set(path, value)
  }
  if (isGiven(data.get('currency'))) fields.set('data.currency', currency)
  const wrongField = readFields(
    { object: data, fields: type.fields, pointer: '/data', currency },
    fields,
  )
  if (wrongField !== null) return wrongField
  const age = ageFault(timeMs, record.arrivalMs, settings)
  if (age !== null) return age
  return { type: type.name, partition: record.partition, timeMs, fields, currency }
}

function idFault(envelope: Envelope, name: string): Fault | null {
  const value = envelope.get(name)
  const pointer = `/${name}`
  if (!isGiven(value)) return fault('missing', pointer)
  if (typeof value !== 'string') return fault('wrong_type', pointer)
  if (value === '') return fault('empty', pointer)
  if (Buffer.byteLength(value) > ID_BYTES_MAX) return fault('too_long', pointer)
  return null
}

function readTimestamp(envelope: Envelope): number | Fault {
  const value = envelope.get('timestamp')
  if (!isGiven(value)) return fault('missing', '/timestamp')
  if (typeof value !== 'string') return fault('wrong_type', '/timestamp')
  return readTime(value) ?? fault('bad_timestamp', '/timestamp')
}

function ageFault(timeMs: number, arrivalMs: number, settings: OracleSettings): Fault | null {
  if (arrivalMs < 0) return null
  const ageMs = arrivalMs - timeMs
  if (-ageMs > settings.futureSkewMs) return fault('future', '/timestamp')
  const tooOld = settings.eventAgeMsMax !== null && ageMs > settings.eventAgeMsMax
  return tooOld ? fault('too_old', '/timestamp') : null
}

interface FieldsAt {
  readonly object: ReadonlyMap<string, Json>
  readonly fields: readonly OracleField[]
  readonly pointer: string
  readonly currency: string
}

/** Reads declared fields in their order, those of `data` also into `values`. */
function readFields(at: FieldsAt, values: Map<string, Value> | null): Fault | null {
  for (const field of at.fields) {
    const json = at.object.get(field.name)
    const pointer = `${at.pointer}/${field.name}`
    if (!isGiven(json)) {
      if (field.optional !== true) return fault('missing', pointer)
      continue
    }
    const value =
      field.kind === 'list'
        ? listFault(json, field, { ...at, pointer })
        : readValue(json, field, at.currency)
    if (typeof value === 'object' && value !== null && 'code' in value)
      return { ...value, pointer: value.pointer || pointer }
    if (value !== null) values?.set(`data.${field.name}`, value)
  }
  return null
}

function listFault(json: Json, list: OracleField, at: FieldsAt): Fault | null {
  if (!isList(json)) return fault('wrong_type', at.pointer)
  for (const [index, object] of json.entries()) {
    const pointer = `${at.pointer}/${index}`
    if (!isObject(object)) return fault('wrong_type', pointer)
    const fields = list.fields ?? []
    const wrong = readFields({ object, fields, pointer, currency: at.currency }, null)
    if (wrong !== null) return wrong
  }
  return null
}

/** A fault without a pointer: it is the field's. */
function readValue(json: Json, field: OracleField, currency: string): Value | Fault {
  if (field.kind === 'string') return typeof json === 'string' ? json : fault('wrong_type', '')
  if (field.kind === 'boolean') return typeof json === 'boolean' ? json : fault('wrong_type', '')
  if (!isNumber(json)) return fault('wrong_type', '')
  if (field.kind === 'integer') return readInteger(json.digits, field)
  const scale = field.kind === 'money' ? (decimalsOf(currency) ?? 0) : (field.scale ?? 0)
  const units = toUnits(json.digits, scale)
  if (typeof units === 'string') return fault(units, '')
  const isBeyond = units < -AMOUNT_UNITS_MAX || units > AMOUNT_UNITS_MAX
  return isBeyond ? fault('out_of_range', '') : { units, scale }
}

function readInteger(digits: string, field: OracleField): Value | Fault {
  const units = toUnits(digits, 0)
  if (units === 'too_precise') return fault('not_integer', '')
  if (units === 'out_of_range') return fault('out_of_range', '')
  const min = BigInt(field.min ?? Number.MIN_SAFE_INTEGER)
  const max = BigInt(field.max ?? Number.MAX_SAFE_INTEGER)
  return units < min || units > max ? fault('out_of_range', '') : { units, scale: 0 }
}

function isGiven(json: Json | undefined): json is Exclude<Json, null> {
  return json !== undefined && json !== null
}

function fault(code: string, pointer: string): Fault {
  return { kind: 'invalid', code, pointer }
}
