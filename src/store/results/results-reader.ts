/**
 * Reading a results place, in any process: what all shards published adds up to answers. It knows
 * what it saw at the last `refresh`, of each shard the highest epoch that has a manifest.
 */
import type { Ledger } from '../../model/ledger.ts'
import { closeLedger } from '../../model/ledger.ts'
import type { News } from '../../model/news.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { progressOf } from '../../model/progress.ts'
import type { PartitionTotals } from '../../model/step.ts'
import { compareUtf8 } from '../../std/bytes.ts'
import { Fault, isFault } from '../../std/fault.ts'
import { toAsk, toRejectAsk } from '../question.ts'
import type { AnswerStore } from '../store.ts'
import { toArchiveTotals } from './archives.ts'
import { declareMetrics } from './declare.ts'
import { unchanged } from './faults.ts'
import { laterOf } from './later-of.ts'
import type { Manifest } from './manifest.ts'
import { toTotals } from './manifest.ts'
import type { Snapshot } from './metric-views.ts'
import { createMetricViews } from './metric-views.ts'
import { findChanges, hasNewRejects } from './news.ts'
import { readQuarantine } from './read-quarantine.ts'
import type { ResultsLayout } from './root.ts'
import { checkRoot, readLayout } from './root.ts'
import { createManifestWatch } from './watch.ts'

export interface ResultsReader extends AnswerStore {
  /**
   * Looks for what workers committed since: answers are from then on of what was found. Throws
   * STORE_UNAVAILABLE, and then what was known stays.
   */
  look(signal?: AbortSignal): Promise<void>
  /** Looks as `look` does, and reads what changed; null: nothing did. */
  refresh(signal?: AbortSignal): Promise<News | null>
  /** As of the last look: the latest that was published; null: none yet. */
  readonly progress: number | null
}

export interface ResultsReaderOptions {
  readonly objects: ObjectStore
  /** What can be asked for. */
  readonly plans: readonly MetricPlan[]
  /** What the place must have been made for; null: whatever it was. */
  readonly layout: ResultsLayout | null
  /** Rows, and ids of sets, that are kept in memory: 2,000,000. */
  readonly viewSizeMax?: number
}

const VIEW_SIZE_MAX = 2_000_000

/** Throws DATA_DIR_MISMATCH, STORE_UNAVAILABLE. A place that nobody wrote to yet is empty. */
export async function openResultsReader(options: ResultsReaderOptions): Promise<ResultsReader> {
  const { objects, plans } = options
  let { layout } = options
  const views = createMetricViews(objects, options.viewSizeMax ?? VIEW_SIZE_MAX)
  const watch = createManifestWatch(objects, shard => shard < shardsOf(layout))
  let progress: number | null = null
  let _isChecked = false
  let isClosed = false

  const manifestsOf = (): readonly Manifest[] =>
    [...watch.known.values()].map(one => one.manifest).toSorted((a, b) => a.shard - b.shard)
  const poll = async (signal?: AbortSignal): Promise<readonly number[]> => {
    try {
      if (layout === null) layout = await readLayout(objects)
      else _isChecked ||= await checkRoot(objects, layout)
      const changed = await watch.poll(true, signal)
      progress = progressAfter(manifestsOf(), shardsOf(layout), progress)
      return changed
    } catch (error) {
      throw unchanged('the results place could not be read', error)
    }
  }
  const assertOpen = (): void => {
    if (isClosed) throw new Fault('STORE_UNAVAILABLE', 'the store is closed; open it again')
  }
  /** What a manifest names may be merged and removed since: then there is a newer one. */
  const withNewest = async <T>(work: () => Promise<T>): Promise<T> => {
    assertOpen()
    try {
      return await work()
    } catch (error) {
      if (!isFault(error, 'STORE_UNAVAILABLE')) throw unchanged('results could not be read', error)
      await poll()
      return work()
    }
  }
  const snapshot = (): Snapshot => {
    const manifests = manifestsOf()
    return {
      manifests,
      contextOf: plan => ({
        progress,
        partialUntilMs: partialUntilOf(manifests, plan),
        source: 'stream',
      }),
    }
  }

  await poll()
  return {
    get progress() {
      return progress
    },
    look: async signal => {
      assertOpen()
      await poll(signal)
    },
    refresh: async signal => {
      assertOpen()
      const before = new Map(manifestsOf().map(manifest => [manifest.shard, manifest]))
      const shards = new Set(await poll(signal))
      if (shards.size === 0) return null
      const all = manifestsOf()
      const moved = all
        .filter(manifest => shards.has(manifest.shard))
        .map(now => ({ now, before: before.get(now.shard) ?? null }))
      const arrivals = moved.map(({ now }) => now.arrival_ms).filter(one => one !== null)
      return {
        sequence: all.reduce((sum, manifest) => sum + manifest.sequence, 0),
        progress,
        changes: await findChanges(objects, plans, moved),
        hasRejects: moved.some(hasNewRejects),
        arrivalMs: arrivals.length === 0 ? null : Math.min(...arrivals),
      }
    },
    query: question =>
      withNewest(async () => {
        const ask = toAsk(plans, question)
        assertCounted(ask.plan, manifestsOf())
        return views.answer(ask, snapshot)
      }),
    audit: async () => {
      assertOpen()
      return toLedger(manifestsOf())
    },
    rejects: question =>
      withNewest(() => readQuarantine(objects, manifestsOf(), toRejectAsk(question))),
    [Symbol.asyncDispose]: async () => {
      isClosed = true
    },
  }
}

/** Of a place that nobody made yet nothing is known to be whole. */
function shardsOf(layout: ResultsLayout | null): number {
  return layout?.shards ?? Number.POSITIVE_INFINITY
}

/** A shard that published nothing yet holds up what all shards together come to. */
function progressAfter(
  manifests: readonly Manifest[],
  shards: number,
  known: number | null,
): number | null {
  const published = manifests.map(manifest => manifest.progress).reduce(laterOf, known)
  return manifests.length < shards ? published : progressOf(totalsOf(manifests), published)
}

/** A window misses its start where any shard's does. */
function partialUntilOf(manifests: readonly Manifest[], plan: MetricPlan): number | null {
  const bounds = manifests
    .map(manifest => {
      const partitions = manifest.ledger.map(toTotals)
      return declareMetrics({ ...manifest, partitions }, [plan])[0]?.partial_until_ms ?? null
    })
    .filter(bound => bound !== null)
  return bounds.length === 0 ? null : Math.max(...bounds)
}

/** Throws QUERY_INVALID for a metric that no worker counts: the config is ahead of theirs. */
function assertCounted(plan: MetricPlan, manifests: readonly Manifest[]): void {
  const lines = manifests.flatMap(manifest => manifest.metrics)
  if (manifests.length === 0 || lines.some(line => line.plan === plan.hash)) return
  const other = lines.some(line => line.metric === plan.name)
  const what = other ? 'is counted by another definition' : 'is not counted'
  throw new Fault(
    'QUERY_INVALID',
    `metric '${plan.name}' ${what} by the workers that write to the results place; ` +
      'start them with the config that this reader has',
  )
}

function totalsOf(manifests: readonly Manifest[]): readonly PartitionTotals[] {
  return manifests.flatMap(manifest => manifest.ledger.map(toTotals))
}

function toLedger(manifests: readonly Manifest[]): Ledger {
  const lines = manifests.flatMap(manifest => manifest.ledger)
  const counts = new Map(lines.map(line => [`${line.partition} ${line.topic}`, line.quarantined]))
  const sorted = lines
    .map(toTotals)
    .toSorted((a, b) => compareUtf8(a.topic, b.topic) || a.partition - b.partition)
  const archives = manifests.flatMap(({ archives: own = [] }) => own.map(toArchiveTotals))
  const quarantined = (topic: string, partition: number): number =>
    counts.get(`${partition} ${topic}`) ?? 0
  return closeLedger(sorted, quarantined, archives)
}
