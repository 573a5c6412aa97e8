/**
 * An independent reading of events, for tests: TextDecoder, JSON.parse, BigInt and the policy of
 * `model/verdict.ts`, written a second time. It shares no code with the scanner or with std/json.
 */
import type { Catalog } from '../../model/catalog.ts'
import { CURRENCY_DECIMALS } from '../../model/currency.ts'
import type { EventSchema } from '../../model/event.ts'
import type { Field, FieldMap } from '../../model/field.ts'
import type { Invalid, InvalidCode } from '../../model/verdict.ts'

export interface OracleEvent {
  readonly kind: 'event'
  readonly eventId: string
  readonly userId: string
  readonly timeMs: number
  readonly currency: string
  /** Scalars by path; integers in units. */
  readonly fields: ReadonlyMap<string, string | number>
}

export interface OracleContext {
  readonly catalog: Catalog
  /** Of the topic; null: weir.unparsed; `door`: not in a topic yet. */
  readonly schema: EventSchema | null | 'door'
  readonly arrivalMs: number
}

/** A number by its digits. */
interface NumberText {
  readonly digits: string
}

class Refusal extends Error {
  readonly invalid: Invalid
  constructor(code: InvalidCode, pointer: string) {
    super(code)
    this.invalid = { kind: 'invalid', code, pointer }
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** What is a number, and no object of the event. */
const numbers = new WeakSet<object>()
const STRING_TOKEN = /"(?:[^"\\]|\\.)*"/gs
const TIME = /^(\d{4}-\d\d-\d\d)T((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

export function readByOracle(
  value: Uint8Array | null,
  context: OracleContext,
): OracleEvent | Invalid {
  try {
    return judge(parse(value), context)
  } catch (error) {
    if (error instanceof Refusal) return error.invalid
    throw error
  }
}

function parse(value: Uint8Array | null): unknown {
  if (value === null) throw new Refusal('no_value', '')
  if (value.length > 65536) throw new Refusal('too_large', '')
  let text = ''
  try {
    text = decoder.decode(value)
  } catch {
    throw new Refusal('not_utf8', '')
  }
  try {
    JSON.parse(text)
  } catch {
    throw new Refusal('not_json', '')
  }
  if (depthOf(text) > 32) throw new Refusal('too_deep', '')
  for (const [token] of text.matchAll(STRING_TOKEN)) {
    if (!String(JSON.parse(token)).isWellFormed()) throw new Refusal('lone_surrogate', '')
  }
  return JSON.parse(text, toNumberText)
}

/** A reviver: numbers keep their source. */
function toNumberText(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number') return value
  const number: NumberText = { digits: context?.source ?? '' }
  numbers.add(number)
  return number
}

function depthOf(text: string): number {
  let depth = 0
  let most = 0
  for (const sign of text.replace(STRING_TOKEN, '')) {
    if (sign === '[' || sign === '{') depth += 1
    if (sign === ']' || sign === '}') depth -= 1
    most = Math.max(most, depth)
  }
  return most
}

type Json = { readonly [key: string]: unknown }

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumber(value)
}

function isNumber(value: unknown): value is NumberText {
  return typeof value === 'object' && value !== null && numbers.has(value)
}

function judge(
  event: unknown,
  { catalog, schema, arrivalMs }: OracleContext,
): OracleEvent | Invalid {
  if (!isObject(event)) throw new Refusal('not_object', '')
  const type = idOf(event, 'event_type')
  const own = catalog.events.filter(({ name }) => name === type)[0]
  if (own === undefined) throw new Refusal('unknown_type', '/event_type')
  if (schema !== null && schema !== 'door' && schema.name !== type)
    throw new Refusal('wrong_topic', '/event_type')
  const eventId = idOf(event, 'event_id')
  const userId = idOf(event, 'user_id')
  const timeMs = timeOf(event)
  const fields = new Map<string, string | number>()
  const session = get(event, 'session_id')
  if (session !== null && typeof session !== 'string')
    throw new Refusal('wrong_type', '/session_id')
  if (session !== null) fields.set('session_id', session)
  const data = get(event, 'data') ?? {}
  if (!isObject(data)) throw new Refusal('wrong_type', '/data')
  const stated = get(data, 'currency')
  if (stated !== null && typeof stated !== 'string')
    throw new Refusal('wrong_type', '/data/currency')
  if (stated !== null && !CURRENCY_DECIMALS.has(stated)) {
    throw new Refusal('unknown_currency', '/data/currency')
  }
  if (stated !== null) fields.set('data.currency', stated)
  const currency = stated ?? catalog.currency
  checkFields(data, own.data, { pointer: '/data', currency, fields })
  if (arrivalMs >= 0 && timeMs > arrivalMs + catalog.futureSkewMs) {
    throw new Refusal('future', '/timestamp')
  }
  const age = catalog.eventAgeMsMax
  if (arrivalMs >= 0 && age !== null && arrivalMs - timeMs > age) {
    throw new Refusal('too_old', '/timestamp')
  }
  if (schema === null) throw new Refusal('wrong_topic', '/event_type')
  fields.set('event_id', eventId).set('user_id', userId).set('event_type', type)
  return { kind: 'event', eventId, userId, timeMs, currency, fields }
}

/** Null where it is absent, or null. */
function get(object: Json, key: string): unknown {
  return Object.hasOwn(object, key) ? (object[key] ?? null) : null
}

function idOf(event: Json, key: string): string {
  const value = get(event, key)
  if (value === null) throw new Refusal('missing', `/${key}`)
  if (typeof value !== 'string') throw new Refusal('wrong_type', `/${key}`)
  if (value.length === 0) throw new Refusal('empty', `/${key}`)
  if (new TextEncoder().encode(value).length > 256) throw new Refusal('too_long', `/${key}`)
  return value
}

function timeOf(event: Json): number {
  const value = get(event, 'timestamp')
  if (value === null) throw new Refusal('missing', '/timestamp')
  if (typeof value !== 'string') throw new Refusal('wrong_type', '/timestamp')
  const [, date = '', time = '', fraction = '.', zone = ''] = TIME.exec(value) ?? []
  const local = `${date}T${time}${fraction.padEnd(4, '0').slice(0, 4)}Z`
  const localMs = Date.parse(local)
  const isReal = !Number.isNaN(localMs) && new Date(localMs).toISOString() === local
  const hours = zone === 'Z' ? 0 : Number(zone.slice(1, 3))
  const minutes = zone === 'Z' ? 0 : Number(zone.slice(4))
  if (!isReal || hours > 23 || minutes > 59) throw new Refusal('bad_timestamp', '/timestamp')
  const offsetMs = (hours * 60 + minutes) * 60_000 * (zone.startsWith('-') ? -1 : 1)
  const timeMs = localMs - offsetMs
  const isInside =
    timeMs >= Date.parse('0001-01-01T00:00:00Z') &&
    timeMs < Date.parse('9999-12-31T23:59:59.999Z') + 1
  if (!isInside) throw new Refusal('bad_timestamp', '/timestamp')
  return timeMs
}

interface Level {
  readonly pointer: string
  readonly currency: string
  /** Null within lists. */
  readonly fields: Map<string, string | number> | null
}

function checkFields(object: Json, declared: FieldMap, level: Level): void {
  for (const name of Object.keys(declared)) {
    const field = declared[name] as Field
    const pointer = `${level.pointer}/${name}`
    const value = get(object, name)
    if (value === null && !field.optional) throw new Refusal('missing', pointer)
    if (value === null) continue
    const column = columnOf(value, field, { ...level, pointer })
    if (column !== null) level.fields?.set(`data.${name}`, column)
  }
}

function columnOf(value: unknown, field: Field, level: Level): string | number | null {
  const { pointer } = level
  if (field.kind === 'string' && typeof value === 'string') return value
  if (field.kind === 'boolean' && typeof value === 'boolean') return value ? 1 : 0
  if (field.kind === 'list' && Array.isArray(value)) {
    value.forEach((item: unknown, index) => {
      if (!isObject(item)) throw new Refusal('wrong_type', `${pointer}/${index}`)
      checkFields(item, field.fields, { ...level, pointer: `${pointer}/${index}`, fields: null })
    })
    return null
  }
  if (!isNumber(value) || ['string', 'boolean', 'list'].includes(field.kind)) {
    throw new Refusal('wrong_type', pointer)
  }
  return numberOf(value.digits, field, level)
}

function numberOf(digits: string, field: Field, { pointer, currency }: Level): number {
  const isInteger = field.kind === 'integer'
  const scale =
    field.kind === 'decimal' ? field.scale : isInteger ? 0 : (CURRENCY_DECIMALS.get(currency) ?? 0)
  const units = unitsOf(digits, scale)
  if (units === 'fraction') throw new Refusal(isInteger ? 'not_integer' : 'too_precise', pointer)
  const min = isInteger ? BigInt(Math.max(field.min, Number.MIN_SAFE_INTEGER)) : -(10n ** 15n)
  const max = isInteger ? BigInt(Math.min(field.max, Number.MAX_SAFE_INTEGER)) : 10n ** 15n
  if (units === 'huge' || units < min || units > max) throw new Refusal('out_of_range', pointer)
  return Number(units)
}

function unitsOf(digits: string, scale: number): bigint | 'fraction' | 'huge' {
  const [mantissa = '', exponent = '0'] = digits.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const integer = BigInt(whole.replace('-', '') + fraction) * (whole.startsWith('-') ? -1n : 1n)
  if (integer === 0n) return 0n
  const shift = Number(exponent) - fraction.length + scale
  if (shift > 100_000) return 'huge'
  if (shift < -100_000) return 'fraction'
  if (shift >= 0) return integer * 10n ** BigInt(shift)
  const divisor = 10n ** BigInt(-shift)
  return integer % divisor === 0n ? integer / divisor : 'fraction'
}
