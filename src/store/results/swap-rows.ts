/**
 * Swapping rows in a results place: the entries that hold windows of a range are written anew, with
 * what else they held. Entries that were read from older commits are told to be of these and of the
 * swap's, so that readers of a metric read the shard anew.
 */
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { MetricSwap, WindowRange } from '../../model/swap.ts'
import { isWithin } from '../../model/swap.ts'
import type { PartialRow } from '../rows.ts'
import { rowsOfBatch } from '../rows.ts'
import type { ShardFiles } from './files.ts'
import type { RowsEntry } from './manifest.ts'
import { readRows } from './row-lines.ts'
import { writeSwappedRows } from './write-rows.ts'

export interface RowsSwap {
  readonly shard: number
  readonly metric: MetricSwap
  /** The commit that swaps. */
  readonly sequence: number
  readonly rowsMax: number
}

/** All entries of a shard, with those of the metric as they are after the swap. */
export async function swapRows(
  objects: ObjectStore,
  files: ShardFiles,
  { entries, swap }: { readonly entries: readonly RowsEntry[]; readonly swap: RowsSwap },
): Promise<readonly RowsEntry[]> {
  const { metric, shard, sequence, rowsMax } = swap
  const { plan, range } = metric
  const from = entries.filter(entry => entry.plan === plan.hash && holds(entry, range))
  const rows: PartialRow[] = []
  for (const entry of from) {
    for (const row of await readRest(objects, plan, { entry, range })) rows.push(row)
  }
  for (const one of metric.rows) {
    if (one.shard !== shard) continue
    for (const row of rowsOfBatch(one.batch, one.lateness)) rows.push(row)
  }
  if (from.length === 0 && rows.length === 0) return entries
  const first = Math.min(sequence, ...from.map(entry => entry.first))
  const tier = Math.max(0, ...from.map(entry => entry.tier))
  const origin = { first, last: sequence, tier }
  const swapped = await writeSwappedRows(files, { plan, rows, origin, rowsMax })
  return [...entries.filter(entry => !from.includes(entry)), ...swapped]
}

async function readRest(
  objects: ObjectStore,
  plan: MetricPlan,
  { entry, range }: { readonly entry: RowsEntry; readonly range: WindowRange },
): Promise<readonly PartialRow[]> {
  const rest: PartialRow[] = []
  for await (const rows of readRows(objects, plan, entry)) {
    for (const row of rows) if (!isWithin(range, row.window.start)) rest.push(row)
  }
  return rest
}

/** Whether an entry may hold windows of the range. */
function holds({ from, to }: RowsEntry, { fromMs, toMs }: WindowRange): boolean {
  const first = from === null ? Number.NEGATIVE_INFINITY : Date.parse(from)
  const last = to === null ? first : Date.parse(to)
  return (fromMs === null || last >= fromMs) && (toMs === null || first < toMs)
}
