/**
 * `defineMetric`: what is counted, over which windows, grouped by what. A definition names event
 * schemas, so a wrong field name does not compile; `plan.ts` turns it into plain data, which is
 * what the engines work from.
 */
import type { EventSchema, FieldPath, NumericPath } from './event.ts'

/** Calendar windows are those of the metric's zone. `all` is one window, always open. */
export type CalendarWindow = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'all'
/** A fixed length from the epoch on, such as `15m` or `6h`. */
export type FixedWindow = `${number}${'s' | 'm' | 'h' | 'd'}`

/** Field equals value, for each field given; an absent field equals only null. */
export type Where<Path extends string = string> = {
  readonly [P in Path]?: string | number | boolean | null
}

export type Measure<Path extends string = string, Numeric extends string = string> =
  | { readonly kind: 'count'; readonly where: Where<Path> | null }
  | { readonly kind: 'sum'; readonly field: Numeric }
  | { readonly kind: 'count_distinct'; readonly field: Path }
  | { readonly kind: 'min'; readonly field: Numeric }
  | { readonly kind: 'max'; readonly field: Numeric }
  | { readonly kind: 'ratio'; readonly numerator: string; readonly denominator: string }

export interface Metric {
  readonly kind: 'metric'
  readonly name: string
  /** Event types by name; null: all that are declared. */
  readonly from: readonly string[] | null
  readonly window: CalendarWindow | FixedWindow
  readonly groupBy: readonly string[]
  readonly measures: { readonly [name: string]: Measure }
  readonly where: Where | null
  readonly once: string | null
  readonly top: { readonly by: string; readonly limit: number } | null
  /** IANA name; null: the zone of the config. */
  readonly zone: string | null
}

type SchemaOf<From> = From extends readonly (infer S extends EventSchema)[]
  ? S
  : From extends EventSchema
    ? From
    : EventSchema<string, Record<never, never>>

interface MetricOptions<
  From extends EventSchema | readonly EventSchema[] | 'all',
  Measures extends Record<string, Measure<FieldPath<SchemaOf<From>>, NumericPath<SchemaOf<From>>>>,
> {
  /** One event type, several, or all that are declared. */
  readonly from: From
  readonly window: CalendarWindow | FixedWindow
  readonly groupBy?: readonly FieldPath<SchemaOf<From>>[]
  readonly measures: Measures
  /** Only events for which this holds. */
  readonly where?: Where<FieldPath<SchemaOf<From>>>
  /** An event counts only if it is its user's first with this value of the field; one type only. */
  readonly once?: From extends EventSchema ? FieldPath<From> : never
  /** Only the `limit` (1..1000) rows of a window with the largest `by`. */
  readonly top?: { readonly by: keyof Measures & string; readonly limit: number }
  readonly zone?: string
}

/** Declares a metric. `name`: lower-case letters, digits and `_`, at most 60. */
export function defineMetric<
  const From extends EventSchema | readonly EventSchema[] | 'all',
  const Measures extends Record<
    string,
    Measure<FieldPath<SchemaOf<From>>, NumericPath<SchemaOf<From>>>
  >,
>(name: string, options: MetricOptions<From, Measures>): Metric {
  return {
    kind: 'metric',
    name,
    from: toNames(options.from),
    window: options.window,
    groupBy: options.groupBy ?? [],
    measures: options.measures,
    where: (options.where as Where | undefined) ?? null,
    once: (options.once as string | undefined) ?? null,
    top: options.top ?? null,
    zone: options.zone ?? null,
  }
}

function toNames(from: EventSchema | readonly EventSchema[] | 'all'): readonly string[] | null {
  if (from === 'all') return null
  return 'kind' in from ? [from.name] : from.map(schema => schema.name)
}

/** How many events; with `where`, how many of those for which it holds. A JSON number. */
export function count<const Path extends string = never>(options?: {
  readonly where: Where<Path>
}): { readonly kind: 'count'; readonly where: Where<Path> | null } {
  return { kind: 'count', where: options?.where ?? null }
}

/** The exact sum: of money a map from currency to decimal, else a decimal. Absent counts as 0. */
export function sum<const Path extends string>(
  field: Path,
): { readonly kind: 'sum'; readonly field: Path } {
  return { kind: 'sum', field }
}

/** How many different values, exactly; an absent field is no value. A JSON number. */
export function countDistinct<const Path extends string>(
  field: Path,
): { readonly kind: 'count_distinct'; readonly field: Path } {
  return { kind: 'count_distinct', field }
}

/** The smallest value; null where no event carried the field. Money: per currency. */
export function min<const Path extends string>(
  field: Path,
): { readonly kind: 'min'; readonly field: Path } {
  return { kind: 'min', field }
}

/** The largest value; null where no event carried the field. Money: per currency. */
export function max<const Path extends string>(
  field: Path,
): { readonly kind: 'max'; readonly field: Path } {
  return { kind: 'max', field }
}

/**
 * One measure of the same metric by another, rounded half away from zero: money by a count gives
 * money, each currency's sum by the count of events in that currency; all else has 6 decimals.
 */
export function ratio(
  numerator: string,
  denominator: string,
): { readonly kind: 'ratio'; readonly numerator: string; readonly denominator: string } {
  return { kind: 'ratio', numerator, denominator }
}
