/**
 * Views of metrics over a results place, kept up to date by what manifests add to them. The least
 * used are dropped beyond a size; of a metric that is too large for one only what a question needs
 * is read.
 */
import type { AnswerContext } from '../../model/answer.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Result } from '../../model/result.ts'
import type { Ask } from '../question.ts'
import { answerViews } from '../view/answer-views.ts'
import type { View } from '../view/view.ts'
import { createView } from '../view/view.ts'
import type { Manifest, RowsEntry } from './manifest.ts'
import { readPartOf } from './part-of-metric.ts'
import { readRows } from './row-lines.ts'

/** One state of all shards. */
export interface Snapshot {
  readonly manifests: readonly Manifest[]
  contextOf(plan: MetricPlan): AnswerContext
}

export interface MetricViews {
  /** Answers from the snapshot that `current` gives when it is this question's turn. */
  answer(ask: Ask, current: () => Snapshot): Promise<Result>
}

/** A shard's rows, as of a commit. */
interface ShardView {
  readonly epoch: number
  readonly sequence: number
  readonly view: View
}

interface Kept {
  shards: Map<number, ShardView>
  /** Questions of one metric take turns. */
  turn: Promise<unknown>
}

/** `sizeMax`: rows, and ids of sets, that all views together hold. */
export function createMetricViews(objects: ObjectStore, sizeMax: number): MetricViews {
  /** By plan, the least used first. */
  const kept = new Map<string, Kept>()

  const use = (plan: MetricPlan): Kept => {
    const found = kept.get(plan.hash) ?? { shards: new Map(), turn: Promise.resolve() }
    kept.delete(plan.hash)
    kept.set(plan.hash, found)
    return found
  }
  const shrink = (): void => {
    for (const [hash, one] of kept) {
      const size = [...kept.values()].reduce((sum, { shards }) => sum + sizeOf(shards), 0)
      if (size <= sizeMax) return
      one.shards = new Map()
      kept.delete(hash)
    }
  }
  const answer = async (mine: Kept, ask: Ask, snapshot: Snapshot): Promise<Result> => {
    const plan = ask.base
    const { manifests } = snapshot
    const rows = manifests.flatMap(manifest => entriesOf(manifest, plan))
    const context = snapshot.contextOf(plan)
    if (rows.reduce((sum, entry) => sum + entry.rows, 0) > sizeMax) {
      mine.shards = new Map()
      const part = await readPartOf(objects, ask, rows)
      return answerViews([part], ask, context)
    }
    // Apart until all are whole: a failure, or a question that needs the room, may come between.
    const updated = new Map<number, ShardView>()
    for (const manifest of manifests) {
      const before = mine.shards.get(manifest.shard) ?? null
      mine.shards.delete(manifest.shard)
      updated.set(manifest.shard, await updateView(objects, plan, manifest, before))
    }
    mine.shards = updated
    const views = [...updated.values()].map(one => one.view)
    const result = answerViews(views, ask, context)
    shrink()
    return result
  }
  return {
    answer: (ask, current) => {
      const mine = use(ask.base)
      const turn = mine.turn.then(() => answer(mine, ask, current()))
      mine.turn = turn.catch(() => null)
      return turn
    },
  }
}

/** `before` is changed, and of no use if this fails. */
async function updateView(
  objects: ObjectStore,
  plan: MetricPlan,
  manifest: Manifest,
  before: ShardView | null,
): Promise<ShardView> {
  const { epoch, sequence } = manifest
  const entries = entriesOf(manifest, plan)
  const added = before === null ? null : entriesAfter(entries, before, manifest)
  const view = before === null || added === null ? createView(plan) : before.view
  for (const entry of added ?? entries) {
    for await (const rows of readRows(objects, plan, entry)) for (const row of rows) view.add(row)
  }
  return { epoch, sequence, view }
}

/**
 * The entries that a state up to `before.sequence` lacks; null: one holds older commits too, or an
 * owner went back to before what the last one of the former had committed.
 */
export function entriesAfter<Entry extends Pick<RowsEntry, 'first' | 'last'>>(
  entries: readonly Entry[],
  before: { readonly epoch: number; readonly sequence: number },
  now: { readonly epoch: number; readonly sequence: number },
): readonly Entry[] | null {
  if (before.epoch !== now.epoch || before.sequence > now.sequence) return null
  const added = entries.filter(entry => entry.last > before.sequence)
  return added.every(entry => entry.first > before.sequence) ? added : null
}

function entriesOf(manifest: Manifest, plan: MetricPlan): readonly RowsEntry[] {
  return manifest.objects.filter(entry => entry.plan === plan.hash)
}

function sizeOf(shards: ReadonlyMap<number, ShardView>): number {
  return [...shards.values()].reduce((sum, one) => sum + one.view.size, 0)
}
