/**
 * A recount of one shard: accepted events, read from the lake in the order of offsets, through the
 * same aggregators as the stream's, with ids of their own, which begin empty. Nothing is judged:
 * what rests in the lake was accepted, once.
 *
 * Of a range only the events of its windows count; but what a metric with `once` has seen first is
 * found over all events of its type, so that an event is a first here if and only if it was one.
 */
import type { Catalog } from '../../model/catalog.ts'
import type { IdBlock } from '../../model/ids.ts'
import type { PartialBatch } from '../../model/partial.ts'
import { pickRows, sortRows } from '../../model/partial-rows.ts'
import type { ColumnRef, MetricPlan } from '../../model/plan.ts'
import type { WindowRange } from '../../model/swap.ts'
import { isWithin } from '../../model/swap.ts'
import type { Windowing } from '../../model/window.ts'
import { createWindowing } from '../../model/window.ts'
import { assert, present } from '../../std/assert.ts'
import type { Aggregator } from '../aggregate/aggregator.ts'
import { createAggregator } from '../aggregate/aggregator.ts'
import { createStepColumns } from '../aggregate/columns-of-step.ts'
import { createIdSet } from '../ids/id-set.ts'
import { toBytes } from '../ids/id-table.ts'
import { deriveKeys } from '../ids/keys.ts'
import { sortIds } from '../ids/sort.ts'
import type { LakeView } from '../sql/lake-names.ts'
import { refsOf } from '../sql/lake-query.ts'
import type { LakeReader, LakeRows } from './lake-columns.ts'
import { createLakeReader } from './lake-columns.ts'

export interface RecountOptions {
  readonly catalog: Catalog
  /** Those of `all` only where the range has no bounds. */
  readonly plans: readonly MetricPlan[]
  readonly range: WindowRange
  /** As the stream's: equal values have equal ids. */
  readonly secret: Uint8Array
}

export interface Recount {
  /** Reads the files of a type of events, as the view names them. */
  readerOf(view: LakeView): LakeReader
  /** Adds rows of a type, whose offsets follow those added before. */
  add(eventType: string, rows: LakeRows): void
  /** What it holds by now. */
  readonly rowCount: number
  readonly idBytes: number
  /** What was counted. Called once, at the end. */
  take(): Recounted
}

export interface Recounted {
  /** Rows of windows of the range, in their order. */
  readonly partials: readonly PartialBatch[]
  /** Sorted, by bucket. */
  readonly ids: readonly IdBlock[]
}

/** Metrics that count the same events of a batch. */
interface Part {
  readonly aggregator: Aggregator
  /** The window of the metrics where only events of the range count; null: all events do. */
  readonly windowing: Windowing | null
}

export function createRecount({ catalog, plans, range, secret }: RecountOptions): Recount {
  const { hashes, multipliers, factor } = deriveKeys(secret)
  const ids = createIdSet({ blocks: [], runs: [] }, Number.POSITIVE_INFINITY, multipliers)
  const isWhole = range.fromMs === null && range.toMs === null
  const tools = { hashes, ids, factor }
  const parts = partsOf(plans, isWhole).map(
    (own): Part => ({
      aggregator: createAggregator(own, { ...tools, columns: createStepColumns(factor) }),
      windowing: own.some(plan => !isFiltered(plan, isWhole)) ? null : windowingOf(own),
    }),
  )
  const wantedOf = (eventType: string): readonly ColumnRef[] => {
    const fields = parts.flatMap(part => part.aggregator.wantedOf(eventType))
    return [...new Map(fields.map(field => [field.path, field])).values()]
  }
  return {
    readerOf: view =>
      createLakeReader(catalog, view, {
        wanted: wantedOf(view.type),
        hasEventId: plans.some(plan => refsOf(plan).some(ref => ref.path === 'event_id')),
      }),
    add: (eventType, { columns, misplaced }) => {
      const { bytes, userId, rowCount, timeMs } = columns
      const users = new Int32Array(rowCount * 4)
      const user = new Int32Array(4)
      for (let row = 0; row < rowCount; row += 1) {
        const start = userId.start[row] ?? -1
        assert(start >= 0, 'an event of the lake has a user')
        hashes.users.keyed(bytes, start, userId.end[row] ?? start, user)
        users.set(user, row * 4)
      }
      const wanted = wantedOf(eventType)
      for (const { aggregator, windowing } of parts) {
        const chosen = choose({ users, misplaced, rowCount }, row =>
          windowing === null ? true : isWithin(range, windowing(timeMs[row] ?? 0).start),
        )
        if (chosen.count > 0) aggregator.add({ eventType, columns, wanted, ...chosen })
      }
    },
    get rowCount() {
      return parts.reduce((sum, part) => sum + part.aggregator.rowCount, 0)
    },
    get idBytes() {
      return ids.byteSize
    },
    take: () => {
      const partials = parts.flatMap(part => part.aggregator.take())
      const blocks = ids.take().added.map(toSorted)
      return {
        partials: partials.flatMap(batch => keepRange(batch, range)).map(sortRows),
        ids: blocks.toSorted((a, b) => a.bucket - b.bucket),
      }
    },
  }
}

function toSorted({ bucket, ids }: IdBlock): IdBlock {
  const bytes = ids.slice()
  return { bucket, ids: toBytes(sortIds(new Int32Array(bytes.buffer))) }
}

/** Whether only events of the range's windows count for a metric. */
function isFiltered(plan: MetricPlan, isWhole: boolean): boolean {
  return !isWhole && plan.once === null
}

function partsOf(plans: readonly MetricPlan[], isWhole: boolean): readonly MetricPlan[][] {
  const groups = Map.groupBy(plans, plan =>
    isFiltered(plan, isWhole) ? JSON.stringify(plan.window) : '',
  )
  return [...groups.values()]
}

/** Keeps the last window: most events fall where the one before fell. */
function windowingOf(plans: readonly MetricPlan[]): Windowing {
  const find = createWindowing(present(plans[0], 'a metric').window)
  let last = { start: 0, end: 0 }
  return timeMs => {
    if (timeMs < last.start || timeMs >= last.end) last = find(timeMs)
    return last
  }
}

interface Chosen {
  readonly count: number
  readonly rows: Int32Array
  readonly users: Int32Array
  readonly misplaced: Uint8Array
  readonly misplacedCount: number
}

function choose(
  all: { readonly users: Int32Array; readonly misplaced: Uint8Array; readonly rowCount: number },
  isChosen: (row: number) => boolean,
): Chosen {
  const rows = new Int32Array(all.rowCount)
  const users = new Int32Array(all.rowCount * 4)
  const misplaced = new Uint8Array(all.rowCount)
  let count = 0
  let misplacedCount = 0
  for (let row = 0; row < all.rowCount; row += 1) {
    if (!isChosen(row)) continue
    rows[count] = row
    users.set(all.users.subarray(row * 4, row * 4 + 4), count * 4)
    misplaced[count] = all.misplaced[row] ?? 0
    misplacedCount += misplaced[count] ?? 0
    count += 1
  }
  return { count, rows, users, misplaced, misplacedCount }
}

/** The rows of a batch whose windows are in the range; none, no batch. */
function keepRange(batch: PartialBatch, range: WindowRange): readonly PartialBatch[] {
  const kept = Array.from(batch.windowStart, (start, row) =>
    isWithin(range, start) ? [row] : [],
  ).flat()
  if (kept.length === batch.rowCount) return [batch]
  return kept.length === 0 ? [] : [pickRows(batch, kept)]
}
