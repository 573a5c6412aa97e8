/**
 * A rebuild: metrics recounted over the lake, through the engine's own aggregators, and put in
 * place of what is published. While counting goes on, it reads what rests in the lake; then it
 * holds the store, archives what is left, and reads that: so it has all events that were accepted
 * up to the store's offsets. There it compares, and swaps in one commit. Killed anywhere, it leaves
 * the old rows or the new; done again, it gives the same.
 */

import { joinIds } from '../../engine/recount/join-ids.ts'
import { createRecount } from '../../engine/recount/recount.ts'
import type { ArchiveTotals } from '../../model/archive.ts'
import { isPlace } from '../../model/archive.ts'
import type { Catalog } from '../../model/catalog.ts'
import { schemaOfTopic, shardsOf } from '../../model/catalog.ts'
import type { Ledger } from '../../model/ledger.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { PartialBatch } from '../../model/partial.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { LogPosition } from '../../model/record.ts'
import type { PartitionTotals } from '../../model/step.ts'
import type { Swap, WindowRange } from '../../model/swap.ts'
import { toMillisecondText } from '../../model/time.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import type { Committed } from '../../store/store.ts'
import type { Held, Holds } from '../holds.ts'
import type { Comparison, Difference, MetricComparison } from './compare.ts'
import { compareMetric } from './compare.ts'
import type { LakeFeed } from './lake.ts'
import { openLakeFeed } from './lake.ts'
import type { RecountedShards, ShadowSummary } from './shadow.ts'
import { putShadow, summarizeShadow } from './shadow.ts'

export interface RebuildOptions {
  /** Its name, and the folder of its record. */
  readonly rebuild: string
  readonly catalog: Catalog
  /** What is recounted. Those of `all` are left out where the range has bounds. */
  readonly plans: readonly MetricPlan[]
  readonly range: WindowRange
  /** `try`: nothing is changed. */
  readonly mode: 'try' | 'swap'
  readonly secret: Uint8Array
  readonly lake: ObjectStore
  /** Where the lake's objects are files; null: they are fetched. */
  readonly lakeDirectory: string | null
  /** A directory of this rebuild alone, that its owner removes. */
  readonly temporary: string
  /** Where shadow and record are put. */
  readonly records: Pick<ObjectStore, 'put'>
  readonly audit: () => Promise<Ledger>
  readonly hold: Holds['run']
  readonly version: string
  readonly clock: Clock
  readonly onProgress: (text: string) => void
  /** Called after the swap. */
  readonly onSwap: (committed: Committed) => void
  readonly signal: AbortSignal
}

/** What a rebuild says in the end; also what its record holds. Names are those of the wire. */
export interface RebuildReport {
  readonly rebuild: string
  readonly from: string | null
  readonly to: string | null
  readonly swapped: boolean
  readonly metrics: readonly MetricComparison[]
  /** Of a range: those with the one window of `all`, which has no start. */
  readonly left_out: readonly string[]
  readonly differences: readonly Difference[]
  /** Whether there are more differences than are told. */
  readonly differences_cut: boolean
  readonly shadow: ShadowSummary
  readonly lake: { readonly files: number; readonly rows: number }
}

/** Differences that are told at most, over all metrics. */
const DIFFERENCES_MAX = 1_000

/** Throws LAKE_INCOMPLETE, LAKE_UNREADABLE, REBUILD_TOO_LARGE, and what store and lake throw. */
export async function runRebuild(options: RebuildOptions): Promise<RebuildReport> {
  const { catalog, secret, range } = options
  const isWhole = range.fromMs === null && range.toMs === null
  const plans = options.plans.filter(plan => isWhole || plan.window.kind !== 'all')
  const recounts = new Map(
    shardsOf(catalog).map(shard => [shard, createRecount({ catalog, plans, range, secret })]),
  )
  const leftOut = options.plans.filter(plan => !plans.includes(plan)).map(plan => plan.name)
  const own = { ...options, plans, leftOut }
  await using feed = await openLakeFeed({
    ...own,
    objects: options.lake,
    directory: options.lakeDirectory,
    recounts,
  })
  await feed.to(toArchived(await options.audit()))
  return await options.hold(async held => {
    const archives = await held.archiveOut(options.signal)
    assertWhole(own, held, archives)
    await feed.to(archives.map(one => ({ ...one, offset: one.offsetNext })))
    assertFed(feed, archives)
    const shards = new Map([...recounts].map(([shard, recount]) => [shard, recount.take()]))
    return await finish(own, { held, feed, shards })
  })
}

function toArchived({ partitions }: Ledger): readonly LogPosition[] {
  return partitions.flatMap(({ topic, partition, archived_offset: offset }) =>
    offset === null ? [] : [{ topic, partition, offset }],
  )
}

/** Throws LAKE_INCOMPLETE where events were accepted that do not rest in the lake. */
function assertWhole(
  { catalog, plans }: Running,
  { state }: Held,
  archives: readonly ArchiveTotals[],
): void {
  const types = new Set(plans.flatMap(plan => plan.from))
  for (const totals of state.shards.flatMap(shard => shard.partitions)) {
    const type = schemaOfTopic(catalog, totals.topic)?.name
    if (type === undefined || !types.has(type)) continue
    const archive = archives.find(one => isPlace(one, totals))
    const rows = archive?.rows ?? 0
    if (rows === totals.accepted) continue
    throw new Fault(
      'LAKE_INCOMPLETE',
      `of ${totals.topic}/${totals.partition} ${totals.accepted} events were accepted, and ` +
        `${rows} rest in the lake, where archiving was off or retention came first; rebuild ` +
        'metrics of other event types with --metric',
    )
  }
}

/** Throws LAKE_INCOMPLETE where files were taken away, or put there by somebody else. */
function assertFed(feed: LakeFeed, archives: readonly ArchiveTotals[]): void {
  for (const one of archives) {
    const rows = feed.rowsOf(one)
    if (rows === null || rows === one.rows) continue
    throw new Fault(
      'LAKE_INCOMPLETE',
      `the lake has ${rows} rows of ${one.topic}/${one.partition}, and ${one.rows} were written ` +
        'there; see weir audit --lake',
    )
  }
}

/** `plans`: those that are recounted. */
type Running = RebuildOptions & { readonly leftOut: readonly string[] }

interface Counted {
  readonly held: Held
  readonly feed: LakeFeed
  readonly shards: RecountedShards
}

/** Compares, and swaps where that is asked for; the store is held. */
async function finish(options: Running, counted: Counted): Promise<RebuildReport> {
  const { held, feed, shards } = counted
  const comparisons = await compareAll(options, counted)
  const differences = comparisons.flatMap(one => one.differences)
  const report: RebuildReport = {
    rebuild: options.rebuild,
    from: toTime(options.range.fromMs),
    to: toTime(options.range.toMs),
    swapped: options.mode === 'swap',
    metrics: comparisons.map(one => one.counts),
    left_out: options.leftOut,
    differences: differences.slice(0, DIFFERENCES_MAX),
    differences_cut: differences.length > DIFFERENCES_MAX,
    shadow: await summarizeShadow(shards, breathOf(options)),
    lake: { files: feed.files.length, rows: feed.rowCount },
  }
  if (options.mode === 'try') return report
  const offsets = offsetsOf(held)
  await putRecord(options, { report, counted, offsets })
  const swap: Swap = {
    offsets,
    metrics: comparisons.map(one => one.swap),
    ids: held.state.shards.flatMap(({ shard, ids }) => {
      const blocks = shards.get(shard)?.ids ?? []
      const { secret } = options
      const { idsMemoryMax } = held
      return [{ shard, change: joinIds({ state: ids, secret, idsMemoryMax }, blocks) }]
    }),
  }
  options.signal.throwIfAborted()
  const committed = await held.store.swap(swap)
  options.onSwap(committed)
  await putSwapped(options, committed)
  return report
}

async function compareAll(
  options: Running,
  { held, shards }: Counted,
): Promise<readonly Comparison[]> {
  const { plans, range, onProgress } = options
  const { store, state } = held
  const breathe = breathOf(options)
  const comparisons: Comparison[] = []
  let told = 0
  for (const plan of plans) {
    onProgress(`${plan.name}: comparing`)
    const batches = new Map<number, PartialBatch>()
    for (const [shard, { partials }] of shards) {
      const batch = partials.find(one => one.plan.hash === plan.hash)
      if (batch !== undefined) batches.set(shard, batch)
    }
    // One more than is told, so that it is known whether there are more.
    const differencesMax = DIFFERENCES_MAX + 1 - told
    const { progress } = state
    const given = { store, progress, range, differencesMax, breathe }
    const one = await compareMetric(plan, batches, given)
    told += one.differences.length
    comparisons.push(one)
  }
  return comparisons
}

/** A turn of the event loop, for who sends events meanwhile. */
function breathOf({ clock, signal }: RebuildOptions): () => Promise<void> {
  return () => clock.sleep(0, signal)
}

function offsetsOf({ state }: Held): readonly LogPosition[] {
  const toPosition = ({ topic, partition, offsetNext }: PartitionTotals): LogPosition => {
    return { topic, partition, offset: offsetNext }
  }
  return state.shards.flatMap(shard => shard.partitions.map(toPosition))
}

interface Recording {
  readonly report: RebuildReport
  readonly counted: Counted
  readonly offsets: readonly LogPosition[]
}

/** Before the swap: without `swapped.json` beside it nobody knows whether that took effect. */
async function putRecord(options: RebuildOptions, recording: Recording): Promise<void> {
  const { rebuild, records, catalog, clock, version } = options
  const { report, counted, offsets } = recording
  const { rebuild: _name, swapped: _swapped, lake: _lake, ...rest } = report
  const record = {
    format: 1,
    rebuild,
    ...rest,
    at_ms: clock.now(),
    version,
    catalog_version: catalog.version,
    offsets,
    lake_files: counted.feed.files,
    shadow_files: await putShadow(records, counted.shards, {
      prefix: `${rebuild}/`,
      breathe: breathOf(options),
    }),
  }
  await records.put(`${rebuild}/record.json`, toUtf8(`${JSON.stringify(record, null, 2)}\n`))
}

async function putSwapped(
  { rebuild, records, clock }: RebuildOptions,
  { sequence }: Committed,
): Promise<void> {
  const text = JSON.stringify({ format: 1, rebuild, sequence, at_ms: clock.now() })
  await records.put(`${rebuild}/swapped.json`, toUtf8(`${text}\n`))
}

function toTime(timeMs: number | null): string | null {
  return timeMs === null ? null : toMillisecondText(timeMs)
}
