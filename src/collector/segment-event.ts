/**
 * A call of a Segment library becomes an event, as the plan says. Values are copied as they are
 * written, so that no amount goes through a double; a number where the field is text, or the other
 * way round, keeps its digits. What the event has no place for stays with it: properties in `data`
 * under their own names, all else in `segment`.
 *
 * Whether the event is right is not decided here: it goes the way of every item, and is found
 * invalid there.
 */
import { createHash } from 'node:crypto'
import type { SegmentCall } from '../model/segment.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import type { JsonMember, JsonObject, JsonValue } from '../std/json.ts'
import { findMember, toStringText } from '../std/json.ts'
import type { PlannedField, PlannedRule, SegmentPlan } from './segment-plan.ts'

export type Translated =
  | { readonly kind: 'event'; readonly bytes: Uint8Array }
  /** It is told that it came, and not kept. */
  | { readonly kind: 'ignored'; readonly call: SegmentCall }

export interface CallSource {
  /** Those in which `object` was read. */
  readonly bytes: Uint8Array
  readonly object: JsonObject
  readonly call: SegmentCall
  /** When it came, for calls without a time of their own. */
  readonly nowMs: number
}

/** Of what is not carried as it was: a secret, and what the event says itself. */
const SAID_ELSEWHERE = ['writeKey', 'type', 'messageId', 'timestamp', 'properties']
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const ID_HEX_COUNT = 32

export function toEvent(source: CallSource, plan: SegmentPlan): Translated {
  const { bytes, object, call } = source
  const name = call === 'track' ? findMember(object, 'event') : null
  const tracked = name?.kind === 'string' ? toStringText(bytes, name) : ''
  const rule = call === 'track' ? plan.events.get(tracked) : plan.calls.get(call)
  if (rule === null) return { kind: 'ignored', call }
  const type = rule === undefined ? name && rawOf(bytes, name) : JSON.stringify(rule.type)
  return { kind: 'event', bytes: toUtf8(writeEvent(source, type, rule ?? null)) }
}

function writeEvent(source: CallSource, type: string | null, rule: PlannedRule | null): string {
  const { bytes, object, call, nowMs } = source
  const find = (...names: readonly string[]): JsonValue | null => findFirst(object, names)
  const timestamp = find('timestamp', 'originalTimestamp')
  const time = timestamp ? rawOf(bytes, timestamp) : JSON.stringify(new Date(nowMs).toISOString())
  const id = find('messageId')
  const user = findFirst(object, ['userId', 'anonymousId'], value => !isEmptyText(bytes, value))
  const session = readPath(object, ['properties', 'session_id'])
  const data = writeData(source, rule)
  return writeObject([
    ['event_id', id ? toText(bytes, id) : JSON.stringify(makeId(source, time))],
    ['event_type', type],
    ['user_id', user && toText(bytes, user)],
    ['timestamp', time],
    ['session_id', session && toText(bytes, session)],
    ['data', data],
    ['segment', writeObject([['type', JSON.stringify(call)], ...restOf(bytes, object, user)])],
  ])
}

/**
 * The same call, sent again, has the same id; one without a time is another one each time, since
 * nothing tells it from a second visit.
 */
function makeId({ bytes, object }: CallSource, time: string): string {
  const hash = createHash('sha256').update(bytes.subarray(object.start, object.end)).update(time)
  return `segment-${hash.digest('hex').slice(0, ID_HEX_COUNT)}`
}

function restOf(bytes: Uint8Array, object: JsonObject, user: JsonValue | null): Members {
  return object.members
    .filter(({ key, value }) => !SAID_ELSEWHERE.includes(key) && value !== user)
    .map(({ key, value }) => [key, rawOf(bytes, value)])
}

function writeData({ bytes, object }: CallSource, rule: PlannedRule | null): string | null {
  const properties = findMember(object, 'properties')
  if (properties !== null && properties.kind !== 'null' && properties.kind !== 'object') {
    return rawOf(bytes, properties)
  }
  const filled = fillFields(bytes, object, rule?.fields ?? [])
  const rest = properties?.kind === 'object' ? properties.members : []
  const taken = new Set([...filled.taken, 'session_id'])
  return writeObject([...filled.members, ...copyRest(bytes, rest, taken)])
}

/** The fields that are found, and the members of properties, or of the item, that they were. */
function fillFields(bytes: Uint8Array, from: JsonObject, fields: readonly PlannedField[]): Filled {
  const members: [string, string][] = []
  const taken = new Set<string>()
  for (const field of fields) {
    const found = findField(from, field)
    const value = found === null ? field.otherwise : toField(bytes, found.value, field)
    // A null of the field's own name gives way to what is found elsewhere.
    taken.add(field.name)
    if (found !== null) taken.add(found.name)
    if (value !== null) members.push([field.name, value])
  }
  return { members, taken }
}

interface Filled {
  readonly members: Members
  readonly taken: ReadonlySet<string>
}

/** `name` is that of the member which is used up; '' where it is further out or further in. */
function findField(from: JsonObject, { paths }: PlannedField): Found | null {
  for (const path of paths) {
    const value = readPath(from, path)
    if (value === null) continue
    const [first = '', second = ''] = path
    if (path.length === 1) return { value, name: first }
    return { value, name: first === 'properties' && path.length === 2 ? second : '' }
  }
  return null
}

interface Found {
  readonly value: JsonValue
  readonly name: string
}

function toField(bytes: Uint8Array, value: JsonValue, field: PlannedField): string {
  switch (field.kind) {
    case 'string':
      return toText(bytes, value)
    case 'integer':
    case 'decimal':
    case 'money':
      return toNumber(bytes, value)
    case 'list':
      return value.kind === 'array'
        ? `[${value.items.map(item => toItem(bytes, item, field)).join(',')}]`
        : rawOf(bytes, value)
    case 'boolean':
      return rawOf(bytes, value)
  }
}

function toItem(bytes: Uint8Array, item: JsonValue, { items }: PlannedField): string {
  if (item.kind !== 'object') return rawOf(bytes, item)
  const { members, taken } = fillFields(bytes, item, items)
  return writeObject([...members, ...copyRest(bytes, item.members, taken)])
}

function copyRest(
  bytes: Uint8Array,
  members: readonly JsonMember[],
  taken: ReadonlySet<string>,
): Members {
  return members
    .filter(({ key }) => !taken.has(key))
    .map(({ key, value }) => [key, rawOf(bytes, value)])
}

/** A number's digits as text; all else as it is. */
function toText(bytes: Uint8Array, value: JsonValue): string {
  const raw = rawOf(bytes, value)
  return value.kind === 'number' ? `"${raw}"` : raw
}

/** The number that a text is; all else as it is. */
function toNumber(bytes: Uint8Array, value: JsonValue): string {
  const text = value.kind === 'string' ? toStringText(bytes, value) : ''
  return NUMBER.test(text) ? text : rawOf(bytes, value)
}

function rawOf(bytes: Uint8Array, { start, end }: JsonValue): string {
  return fromUtf8(bytes.subarray(start, end))
}

/** null counts as absent. */
function readPath(from: JsonObject, path: readonly string[]): JsonValue | null {
  let value: JsonValue = from
  for (const name of path) {
    const next: JsonValue | null = value.kind === 'object' ? findMember(value, name) : null
    if (next === null || next.kind === 'null') return null
    value = next
  }
  return value
}

function findFirst(
  object: JsonObject,
  names: readonly string[],
  isGood: (value: JsonValue) => boolean = () => true,
): JsonValue | null {
  const values = names.map(name => readPath(object, [name]))
  return values.find(value => value !== null && isGood(value)) ?? values.find(Boolean) ?? null
}

function isEmptyText(bytes: Uint8Array, value: JsonValue): boolean {
  return value.kind === 'string' && toStringText(bytes, value) === ''
}

/** Names, and values as JSON; null: left out. */
type Members = readonly (readonly [name: string, value: string | null])[]

function writeObject(members: Members): string {
  const parts = members
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
  return `{${parts.join(',')}}`
}
