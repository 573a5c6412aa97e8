/**
 * The plan of a metric: plain JSON, everything resolved against the catalog. All engines work from
 * plans, and a metric's identity is the hash of its plan: change anything that its numbers depend
 * on and it is another metric, which counts from now.
 */
import { createHash } from 'node:crypto'
import { unreachable } from '../std/assert.ts'
import { Fault } from '../std/fault.ts'
import type { Catalog } from './catalog.ts'
import type { EventSchema } from './event.ts'
import type { ScalarField } from './field.ts'
import type { Measure, Metric, Where } from './metric.ts'
import type { WindowSpec } from './window.ts'
import { toWindowSpec } from './window.ts'

/** The type of a field as engines see it. `text` keys compare by UTF-8 bytes. */
export type ColumnType =
  | { readonly kind: 'text' }
  | { readonly kind: 'integer' }
  | { readonly kind: 'decimal'; readonly scale: number }
  | { readonly kind: 'money' }
  | { readonly kind: 'boolean' }

export interface ColumnRef {
  /** As in the definition: `event_type`, `user_id`, `data.product_id`. */
  readonly path: string
  /** Last part of the path: its name in keys of results. */
  readonly name: string
  readonly type: ColumnType
}

/** `field` equals `value`; null is absence. Never of money. */
export interface Condition {
  readonly field: ColumnRef
  readonly value: string | number | boolean | null
}

export type MeasurePlan =
  | { readonly kind: 'count'; readonly name: string; readonly where: readonly Condition[] }
  | { readonly kind: 'sum' | 'min' | 'max'; readonly name: string; readonly field: ColumnRef }
  | {
      readonly kind: 'count_distinct'
      readonly name: string
      readonly field: ColumnRef
      /** The field follows the user, so that the counts of the shards add up. */
      readonly additive: boolean
    }
  | {
      readonly kind: 'ratio'
      readonly name: string
      readonly numerator: string
      readonly denominator: string
    }

export interface MetricPlan {
  readonly name: string
  /** First 16 hex digits of the SHA-256 of the rest. */
  readonly hash: string
  /** Event types, in order of declaration. */
  readonly from: readonly string[]
  readonly window: WindowSpec
  /** The zone told with results; UTC for fixed and `all`. */
  readonly zone: string
  readonly groupBy: readonly ColumnRef[]
  readonly where: readonly Condition[]
  readonly once: ColumnRef | null
  readonly measures: readonly MeasurePlan[]
  readonly top: { readonly by: string; readonly limit: number } | null
  /** Whether a measure is of money, so that partials are kept per currency. */
  readonly byCurrency: boolean
  /** How long after its end a window becomes final. */
  readonly graceMs: number
}

/** Fields whose values belong to one user each, so that sets of them never meet across shards. */
const USER_BOUND = ['user_id', 'session_id', 'event_id', 'data.order_id']
const TEXT: ColumnType = { kind: 'text' }
const ENVELOPE_TEXT = ['event_id', 'event_type', 'user_id', 'session_id', 'data.currency']
/** A decimal may be written as a number or as its text, `1.250`. */
const DECIMAL = /^-?\d{1,15}(\.\d{1,9})?$/
const METRIC_NAME = /^[a-z][a-z0-9_]{0,59}$/
const TOP_LIMIT_MAX = 1000

export interface PlanDefaults {
  readonly zone: string
  readonly graceMs: number
}

/** Resolves metrics. Throws CONFIG_INVALID naming the metric, the field and what to write. */
export function planMetrics(
  metrics: readonly Metric[],
  catalog: Catalog,
  defaults: PlanDefaults,
): readonly MetricPlan[] {
  const names = new Set<string>()
  return metrics.map(metric => {
    if (names.has(metric.name)) refuse(metric.name, 'is declared twice')
    names.add(metric.name)
    return planMetric(metric, catalog, defaults)
  })
}

function planMetric(metric: Metric, catalog: Catalog, defaults: PlanDefaults): MetricPlan {
  if (!METRIC_NAME.test(metric.name)) {
    refuse(metric.name, 'is no name; use lower-case letters, digits and _, at most 60')
  }
  const schemas = findSchemas(metric, catalog)
  const toRef = (path: string): ColumnRef => findColumn(metric.name, path, schemas)
  const window = toWindowSpec(metric.window, metric.zone ?? defaults.zone, metric.name)
  const measures = planMeasures(metric, toRef)
  if (metric.once !== null && schemas.length !== 1) {
    refuse(metric.name, "has 'once', which needs exactly one event type in 'from'")
  }
  const rest = {
    name: metric.name,
    from: schemas.map(schema => schema.name),
    window,
    zone: 'zone' in window ? window.zone : 'UTC',
    groupBy: metric.groupBy.map(toRef),
    where: toConditions(metric.name, metric.where, toRef),
    once: metric.once === null ? null : toRef(metric.once),
    measures,
    top: planTop(metric),
    byCurrency: measures.some(measure => isMoney(measure)),
    graceMs: defaults.graceMs,
  }
  if (rest.once !== null && rest.once.type.kind !== 'text') {
    refuse(metric.name, `counts once by '${rest.once.path}', which is not a string`)
  }
  for (const ref of rest.groupBy) {
    if (ref.type.kind === 'money') refuse(metric.name, `cannot be grouped by money, '${ref.path}'`)
  }
  const identity = JSON.stringify({ ...rest, currency: catalog.currency })
  return { ...rest, hash: createHash('sha256').update(identity).digest('hex').slice(0, 16) }
}

function findSchemas(metric: Metric, catalog: Catalog): readonly EventSchema[] {
  if (metric.from === null) return catalog.events
  for (const name of metric.from) {
    if (!catalog.events.some(event => event.name === name)) {
      refuse(metric.name, `counts event type '${name}', which is not declared under 'events'`)
    }
  }
  return catalog.events.filter(event => metric.from?.includes(event.name))
}

function findColumn(metric: string, path: string, schemas: readonly EventSchema[]): ColumnRef {
  const name = path.slice(path.lastIndexOf('.') + 1)
  if (ENVELOPE_TEXT.includes(path)) return { path, name, type: TEXT }
  const types = schemas.map(schema => schema.data[name]).filter(field => field !== undefined)
  const [first] = types
  if (!path.startsWith('data.') || first === undefined || types.length !== schemas.length) {
    return refuse(metric, `names the field '${path}', which its event types do not all declare`)
  }
  if (first.kind === 'list') return refuse(metric, `names '${path}', which is a list`)
  const type = toColumnType(first)
  for (const other of types) {
    if (other.kind === 'list' || JSON.stringify(toColumnType(other)) !== JSON.stringify(type)) {
      refuse(metric, `names the field '${path}', whose type differs between its event types`)
    }
  }
  return { path, name, type }
}

function toColumnType(field: ScalarField): ColumnType {
  switch (field.kind) {
    case 'string':
      return TEXT
    case 'decimal':
      return { kind: 'decimal', scale: field.scale }
    default:
      return { kind: field.kind }
  }
}

function planMeasures(metric: Metric, toRef: (path: string) => ColumnRef): readonly MeasurePlan[] {
  const entries = Object.entries(metric.measures)
  if (entries.length === 0) refuse(metric.name, 'measures nothing')
  const plans = entries.map(([name, measure]) => planMeasure(metric.name, name, measure, toRef))
  for (const plan of plans) if (plan.kind === 'ratio') assertRatio(metric.name, plan, plans)
  return plans
}

function planMeasure(
  metric: string,
  name: string,
  measure: Measure,
  toRef: (path: string) => ColumnRef,
): MeasurePlan {
  if (!METRIC_NAME.test(name)) refuse(metric, `has a measure '${name}', which is no name`)
  switch (measure.kind) {
    case 'count':
      return { kind: 'count', name, where: toConditions(metric, measure.where, toRef) }
    case 'count_distinct': {
      const field = toRef(measure.field)
      return { kind: 'count_distinct', name, field, additive: USER_BOUND.includes(field.path) }
    }
    case 'ratio':
      return {
        kind: 'ratio',
        name,
        numerator: measure.numerator,
        denominator: measure.denominator,
      }
    default: {
      const field = toRef(measure.field)
      if (field.type.kind === 'text' || field.type.kind === 'boolean') {
        refuse(metric, `takes the ${measure.kind} of '${field.path}', which is not a number`)
      }
      return { kind: measure.kind, name, field }
    }
  }
}

function assertRatio(
  metric: string,
  ratio: Extract<MeasurePlan, { kind: 'ratio' }>,
  plans: readonly MeasurePlan[],
): void {
  const find = (name: string): MeasurePlan => {
    const found = plans.find(plan => plan.name === name && plan.kind !== 'ratio')
    return (
      found ?? refuse(metric, `has a ratio '${ratio.name}' of '${name}', which it does not measure`)
    )
  }
  const numerator = find(ratio.numerator)
  const denominator = find(ratio.denominator)
  if (isMoney(denominator)) refuse(metric, `has a ratio '${ratio.name}' by money`)
  if (isMoney(numerator) && denominator.kind !== 'count') {
    refuse(metric, `has a ratio '${ratio.name}' of money, whose denominator must be a count`)
  }
}

/** Whether a measure's values are maps from currency to amount; a ratio follows its numerator. */
export function isMoney(measure: MeasurePlan): boolean {
  return (
    'field' in measure && measure.kind !== 'count_distinct' && measure.field.type.kind === 'money'
  )
}

function planTop(metric: Metric): MetricPlan['top'] {
  if (metric.top === null) return null
  const { by, limit } = metric.top
  const measure = metric.measures[by]
  if (measure?.kind !== 'count' && measure?.kind !== 'count_distinct') {
    refuse(metric.name, `has top by '${by}', which is not one of its counts`)
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > TOP_LIMIT_MAX) {
    refuse(metric.name, `has top limit ${limit}, which is not within 1 and ${TOP_LIMIT_MAX}`)
  }
  return { by, limit }
}

function toConditions(
  metric: string,
  where: Where | null,
  toRef: (path: string) => ColumnRef,
): readonly Condition[] {
  return Object.entries(where ?? {}).map(([path, value]) => {
    const field = toRef(path)
    if (!isComparable(field.type, value ?? null)) {
      refuse(metric, `compares '${path}' with ${JSON.stringify(value)}, which it can never be`)
    }
    return { field, value: value ?? null }
  })
}

/** Money cannot be compared: the same number means different amounts in different currencies. */
function isComparable(type: ColumnType, value: Condition['value']): boolean {
  if (value === null) return true
  switch (type.kind) {
    case 'text':
      return typeof value === 'string'
    case 'integer':
      return Number.isSafeInteger(value)
    case 'decimal':
      return typeof value === 'boolean' ? false : DECIMAL.test(String(value))
    case 'boolean':
      return typeof value === 'boolean'
    case 'money':
      return false
    default:
      return unreachable(type)
  }
}

function refuse(metric: string, why: string): never {
  throw new Fault('CONFIG_INVALID', `metric '${metric}' ${why}`)
}
