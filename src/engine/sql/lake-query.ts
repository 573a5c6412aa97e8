/**
 * What a metric is over the lake: plain JSON, before any dialect. A plan, the views that hold its
 * events, how its fields are called there, and how windows are found.
 */
import type { Catalog } from '../../model/catalog.ts'
import { lakeColumnOf } from '../../model/lake-columns.ts'
import type { ColumnRef, MetricPlan } from '../../model/plan.ts'
import { TIME_MS_MAX } from '../../model/time.ts'
import { createWindowing } from '../../model/window.ts'
import { present } from '../../std/assert.ts'
import { toLakeViews } from './lake-names.ts'
import type { TimeRange, WindowRule } from './window-rule.ts'
import { toWindowRule } from './window-rule.ts'

/** Of which windows, and of which events, a query counts. */
export interface LakeRange extends TimeRange {
  /**
   * The range is all that the lake holds, so that `all` has no bounds; else windows that begin
   * within the range are counted whole, and `all` is the range.
   */
  readonly isWhole: boolean
}

export interface LakeQuery {
  readonly plan: MetricPlan
  /** In the order of `plan.from`. */
  readonly views: readonly QueryView[]
  /** The fields that the plan names, each once; `event_type`, which a view tells, is none. */
  readonly fields: readonly QueryField[]
  /** Instants of the events that are read; `once` looks at all there are. */
  readonly events: TimeRange
  /** Where windows begin that are answered; null: anywhere. */
  readonly starts: TimeRange | null
  readonly windows: WindowRule
}

export interface QueryView {
  readonly type: string
  readonly name: string
}

export interface QueryField {
  readonly path: string
  /** What the query calls it. */
  readonly name: string
  /** Decimals of a number; null: it is a text or a boolean. */
  readonly scale: number | null
  /** What each view calls it, in the order of `views`. */
  readonly columns: readonly string[]
}

/** Names that the query needs itself; and those of keys. */
const OWN_NAMES = ['event_type', 'timestamp_ms', 'partition', 'offset', 'currency']
const WINDOW_NAMES = ['window_start', 'window_end']
const KEY_NAME = /^key\d+_/

export function toLakeQuery(
  plan: MetricPlan,
  catalog: Pick<Catalog, 'events'>,
  range: LakeRange,
): LakeQuery {
  const views = toLakeViews(catalog)
  const events = toEventRange(plan, range)
  const { fromMs, toMs, isWhole } = range
  const within = isWhole ? null : { fromMs, toMs }
  return {
    plan,
    views: plan.from.map(type => {
      const view = views.find(one => one.type === type)
      return { type, name: present(view, `the view of ${type}`).name }
    }),
    fields: toFields(plan, catalog),
    events,
    starts: plan.window.kind === 'all' ? null : within,
    windows: toWindowRule(plan.window, events, within),
  }
}

/** A window that begins within the range may end after it. */
function toEventRange(plan: MetricPlan, { fromMs, toMs, isWhole }: LakeRange): TimeRange {
  if (isWhole || plan.window.kind === 'all') return { fromMs, toMs }
  const { end } = createWindowing(plan.window)(toMs - 1)
  return { fromMs, toMs: Math.min(end, TIME_MS_MAX + 1) }
}

function toFields(plan: MetricPlan, catalog: Pick<Catalog, 'events'>): readonly QueryField[] {
  const refs = new Map(refsOf(plan).map(ref => [ref.path, ref]))
  const taken = new Set([...OWN_NAMES, ...WINDOW_NAMES])
  refs.delete('event_type')
  return [...refs.values()].map(({ path, name: plain, type }) => {
    const schemas = plan.from.map(one => catalog.events.find(schema => schema.name === one))
    let name = KEY_NAME.test(plain) ? `data_${plain}` : plain
    while (taken.has(name.toLowerCase())) name = `data_${name}`
    taken.add(name.toLowerCase())
    return {
      path,
      name,
      scale: type.kind === 'text' || type.kind === 'boolean' ? null : scaleOf(type),
      columns: schemas.map(schema => {
        const column = lakeColumnOf(present(schema, 'a schema of the plan'), path)
        return present(column, `the column of ${path}`).name
      }),
    }
  })
}

function scaleOf(type: ColumnRef['type']): number {
  return type.kind === 'decimal' ? type.scale : 0
}

export function refsOf(plan: MetricPlan): readonly ColumnRef[] {
  const measured = plan.measures.flatMap(measure => {
    if (measure.kind === 'ratio') return []
    return measure.kind === 'count' ? measure.where.map(({ field }) => field) : [measure.field]
  })
  const where = plan.where.map(({ field }) => field)
  return [...plan.groupBy, ...(plan.once === null ? [] : [plan.once]), ...where, ...measured]
}
