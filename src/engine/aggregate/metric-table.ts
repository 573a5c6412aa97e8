/** One metric within a step: the rows that accepted events went to, and their measures. */

import type { PartialBatch } from '../../model/partial.ts'
import type { ColumnRef, MeasurePlan, MetricPlan } from '../../model/plan.ts'
import type { Interval } from '../../model/window.ts'
import { unreachable } from '../../std/assert.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { IdSet } from '../ids/id-set.ts'
import { FOREVER_BUCKET } from '../ids/id-set.ts'
import type { IdHashes } from '../ids/keys.ts'
import type { Batch } from './batch.ts'
import { columnOf, withRoom, withRoomF64 } from './batch.ts'
import type { StepColumns } from './columns-of-step.ts'
import { createMatcher } from './conditions.ts'
import { createDistinct } from './distinct.ts'
import { createGroups } from './groups.ts'
import type { MeasureColumn } from './measure.ts'
import { createCount, createExtreme, createSum } from './measure.ts'
import { PairTable } from './pairs.ts'
import type { RowIdentities } from './row-identities.ts'
import { createRowIdentities } from './row-identities.ts'

export interface MetricTools {
  readonly hashes: IdHashes
  readonly ids: IdSet
  readonly columns: StepColumns
  /** An odd number below 2^32, secret. */
  readonly factor: number
}

export interface MetricTable {
  readonly plan: MetricPlan
  /** Adds a batch of one of the plan's event types; gives how many events went into a row. */
  add(batch: Batch): number
  readonly rowCount: number
  /** What was added since the last take; null where nothing was. Symbols must still be good. */
  take(): PartialBatch | null
}

export function createMetricTable(plan: MetricPlan, tools: MetricTools): MetricTable {
  const rows = new PairTable(tools.factor)
  const windows = tools.columns.windows(plan.window)
  const groups = createGroups(plan, tools.columns, tools.factor)
  const matcher = createMatcher(plan.where)
  const isFirst = plan.once === null ? null : createOnce(plan, plan.once, tools)
  const windowOf = (row: number): Interval => windows.table.at(rows.leftOf(row))
  const measures = plan.measures.map(measure => {
    const hash = tools.hashes.rows
    const { ids } = tools
    const options = { plan, measure: measure.name, rows, groups, windowOf, hash, ids }
    return createMeasure(measure, tools, createRowIdentities(options))
  })
  let rowOf: Int32Array = new Int32Array(0)
  let events: Float64Array = new Float64Array(0)
  let misplaced: Float64Array = new Float64Array(0)

  const assignAll = (batch: Batch): number => {
    const windowNumbers = tools.columns.fillWindows(windows, batch)
    const groupNumbers = groups.fill(batch)
    for (let index = 0; index < batch.count; index += 1) {
      rowOf[index] = rows.intern(windowNumbers[index] as number, groupNumbers[index] as number)
    }
    return batch.count
  }

  const assignSome = (batch: Batch): number => {
    const windowNumbers = tools.columns.fillWindows(windows, batch)
    const groupNumbers = groups.fill(batch)
    const isMatch = matcher?.(batch) ?? null
    const isFirstOf = isFirst?.(batch) ?? null
    let appliedCount = 0
    for (let index = 0; index < batch.count; index += 1) {
      rowOf[index] = -1
      if (isMatch !== null && !isMatch(batch.rows[index] as number)) continue
      if (isFirstOf !== null && !isFirstOf(index)) continue
      rowOf[index] = rows.intern(windowNumbers[index] as number, groupNumbers[index] as number)
      appliedCount += 1
    }
    return appliedCount
  }

  // Two functions, so that the compiler has one simple loop for most metrics.
  const assignRows = matcher === null && isFirst === null ? assignAll : assignSome

  const countEvents = (batch: Batch): void => {
    events = withRoomF64(events, rows.count)
    misplaced = withRoomF64(misplaced, rows.count)
    for (let index = 0; index < batch.count; index += 1) {
      const row = rowOf[index] as number
      if (row >= 0) events[row] = (events[row] as number) + 1
    }
    if (batch.misplacedCount === 0) return
    for (let index = 0; index < batch.count; index += 1) {
      const row = rowOf[index] as number
      if (row < 0) continue
      misplaced[row] = (misplaced[row] as number) + (batch.misplaced[index] as number)
    }
  }

  return {
    plan,
    get rowCount() {
      return rows.count
    },
    add: batch => {
      rowOf = withRoom(rowOf, batch.count)
      const appliedCount = assignRows(batch)
      countEvents(batch)
      for (const measure of measures) measure?.add(batch, rowOf, rows.count)
      return appliedCount
    },
    take: () => {
      const rowCount = rows.count
      if (rowCount === 0) return null
      const counts = events.slice(0, rowCount)
      const rowWindows = Array.from(rows.leftsOf(rowCount), window => windows.table.at(window))
      const batch: PartialBatch = {
        plan,
        rowCount,
        windowStart: Float64Array.from(rowWindows, window => window.start),
        windowEnd: Float64Array.from(rowWindows, window => window.end),
        ...groups.describe(rows.rightsOf(rowCount)),
        events: counts,
        misplaced: misplaced.slice(0, rowCount),
        measures: measures.map(
          measure => measure?.take(rowCount) ?? { kind: 'count', values: counts },
        ),
      }
      rows.clear()
      groups.clear()
      events.fill(0, 0, rowCount)
      misplaced.fill(0, 0, rowCount)
      return batch
    },
  }
}

/** null: a count of all events of a row, which every row has anyway. */
function createMeasure(
  measure: MeasurePlan,
  tools: MetricTools,
  rows: RowIdentities,
): MeasureColumn | null {
  switch (measure.kind) {
    case 'count': {
      const matcher = createMatcher(measure.where)
      return matcher === null ? null : createCount(matcher)
    }
    case 'sum':
      return createSum(measure.field)
    case 'min':
    case 'max':
      return createExtreme(measure.kind, measure.field)
    case 'count_distinct': {
      const { field, additive } = measure
      return createDistinct({ field, additive, hash: tools.hashes.values, rows })
    }
    case 'ratio':
      return { add: () => undefined, take: () => ({ kind: 'none' }) }
    default:
      return unreachable(measure)
  }
}

/** Tells whether an event is its user's first with its value of the field; one without it is. */
function createOnce(
  plan: MetricPlan,
  field: ColumnRef,
  { hashes, ids }: MetricTools,
): (batch: Batch) => (index: number) => boolean {
  const domain = new Int32Array(4)
  const name = toUtf8(`once:${plan.hash}`)
  hashes.rows.keyed(name, 0, name.length, domain)
  const value = new Int32Array(4)
  return batch => {
    const column = columnOf(batch, field.path)
    const table = ids.table(FOREVER_BUCKET)
    return index => {
      const row = batch.rows[index] as number
      if (column.kind !== 'text') return true
      const start = column.start[row] as number
      if (start < 0) return true
      hashes.values.keyed(batch.columns.bytes, start, column.end[row] as number, value)
      const at = index * 4
      return table.add(
        (domain[0] as number) ^ (value[0] as number) ^ (batch.users[at] as number),
        (domain[1] as number) ^ (value[1] as number) ^ (batch.users[at + 1] as number),
        (domain[2] as number) ^ (value[2] as number) ^ (batch.users[at + 2] as number),
        (domain[3] as number) ^ (value[3] as number) ^ (batch.users[at + 3] as number),
      )
    }
  }
}
