/**
 * Segment's table and a config's, made ready for a catalog: each field of an event type with the
 * paths where a call may have it. A wrong name in a config is told at the start.
 */
import type { Catalog } from '../model/catalog.ts'
import type { Field, FieldMap } from '../model/field.ts'
import { string } from '../model/field.ts'
import type { SegmentCall, SegmentConfig, SegmentRule } from '../model/segment.ts'
import { SEGMENT_CALLS, SEGMENT_EVENTS, SEGMENT_OTHERS } from '../model/segment.ts'
import { Fault } from '../std/fault.ts'

export interface SegmentPlan {
  /** By the name that is tracked; null: ignored. What is not in it has no type. */
  readonly events: ReadonlyMap<string, PlannedRule | null>
  readonly calls: ReadonlyMap<Exclude<SegmentCall, 'track'>, PlannedRule | null>
}

export interface PlannedRule {
  readonly type: string
  readonly fields: readonly PlannedField[]
}

export interface PlannedField {
  readonly name: string
  readonly kind: Field['kind']
  /** From the call, or from the item of a list. The first that has a value counts. */
  readonly paths: readonly (readonly string[])[]
  /** JSON; null: it is left out. */
  readonly otherwise: string | null
  /** Of a list: the fields of its items. */
  readonly items: readonly PlannedField[]
}

const PARTS = ['events', 'calls']
const RULE_PARTS = ['type', 'data', 'otherwise']

/** Throws CONFIG_INVALID for a type, a field or a call that there is not. */
export function planSegment(config: SegmentConfig, catalog: Catalog): SegmentPlan {
  assertParts(config, PARTS, 'segment')
  const events = config.events ?? {}
  const calls = config.calls ?? {}
  assertParts(calls, Object.keys(SEGMENT_OTHERS), 'segment.calls')
  for (const [name, rule] of [...Object.entries(events), ...Object.entries(calls)]) {
    if (rule !== null && rule !== undefined) assertRule(name, rule, catalog)
  }
  // A type's own name is a name to track it by.
  const own = catalog.events.map(({ name }) => [name, { type: name }] as const)
  return {
    events: planAll({ ...Object.fromEntries(own), ...SEGMENT_EVENTS, ...events }, catalog),
    calls: planAll<Exclude<SegmentCall, 'track'>>({ ...SEGMENT_OTHERS, ...calls }, catalog),
  }
}

export function isSegmentCall(name: string): name is SegmentCall {
  return SEGMENT_CALLS.some(call => call === name)
}

function planAll<Name extends string>(
  rules: { readonly [Key in Name]: SegmentRule | null },
  catalog: Catalog,
): ReadonlyMap<Name, PlannedRule | null> {
  const entries = Object.entries(rules) as [Name, SegmentRule | null][]
  return new Map(entries.map(([name, rule]) => [name, rule && planRule(rule, catalog)]))
}

function planRule(rule: SegmentRule, catalog: Catalog): PlannedRule {
  const fields = fieldsOf(rule.type, catalog) ?? {}
  const planned = Object.entries({ currency: string({ optional: true }), ...fields })
  return {
    type: rule.type,
    fields: planned.map(([name, field]) => planField(name, field, { rule, within: '' })),
  }
}

interface Place {
  readonly rule: SegmentRule
  /** `products[].` within a list; else ''. */
  readonly within: string
}

function planField(name: string, field: Field, { rule, within }: Place): PlannedField {
  const key = within + name
  const own = within === '' ? ['properties', name] : [name]
  const value = rule.otherwise?.[key]
  const items = field.kind === 'list' ? Object.entries(field.fields) : []
  return {
    name,
    kind: field.kind,
    paths: [own, ...(rule.data?.[key] ?? []).map(path => path.split('.'))],
    otherwise: value === undefined ? null : JSON.stringify(value),
    items: items.map(([item, of]) => planField(item, of, { rule, within: `${key}[].` })),
  }
}

function fieldsOf(type: string, catalog: Catalog): FieldMap | null {
  return catalog.events.find(event => event.name === type)?.data ?? null
}

function assertRule(name: string, rule: SegmentRule, catalog: Catalog): void {
  assertParts(rule, RULE_PARTS, `segment: '${name}'`)
  const fields = fieldsOf(rule.type, catalog)
  if (fields === null) {
    refuse(`'${name}' becomes '${rule.type}', which is no event type; declare it in events`)
  }
  const known = ['currency', ...listKeys(fields, '')]
  for (const key of Object.keys({ ...rule.data, ...rule.otherwise })) {
    if (known.includes(key)) continue
    refuse(`'${name}' fills '${key}', but ${rule.type} has only ${known.join(', ')}`)
  }
  for (const [key, paths] of Object.entries(rule.data ?? {})) {
    if (Array.isArray(paths) && paths.every(path => typeof path === 'string')) continue
    refuse(`'${name}' fills '${key}' from what is no list of paths, as ['properties.sku']`)
  }
}

function listKeys(fields: FieldMap, within: string): readonly string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const key = within + name
    return field.kind === 'list' ? [key, ...listKeys(field.fields, `${key}[].`)] : [key]
  })
}

/** A config may be written without types. */
function assertParts(value: unknown, known: readonly string[], what: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Fault('CONFIG_INVALID', `${what} is no object; see docs/guides/segment.md`)
  }
  const wrong = Object.keys(value).find(name => !known.includes(name))
  if (wrong === undefined) return
  throw new Fault('CONFIG_INVALID', `${what} has '${wrong}'; there are: ${known.join(', ')}`)
}

function refuse(detail: string): never {
  throw new Fault('CONFIG_INVALID', `segment: ${detail}`)
}
