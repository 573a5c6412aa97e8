/** News: which windows of which metrics changed, told from entries of manifests if it can be. */
import type { Change } from '../../model/news.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { createWindowing } from '../../model/window.ts'
import { isFault } from '../../std/fault.ts'
import type { Manifest, RowsEntry } from './manifest.ts'
import { entriesAfter } from './metric-views.ts'
import { readRows } from './row-lines.ts'

/** A shard's manifest, and the one that was known before. */
export interface Moved {
  readonly now: Manifest
  readonly before: Manifest | null
}

/** Windows between an entry's first and last that are told without looking which have rows. */
const WINDOWS_GUESSED_MAX = 16

export async function findChanges(
  objects: ObjectStore,
  plans: readonly MetricPlan[],
  moved: readonly Moved[],
): Promise<readonly Change[]> {
  const changes: Change[] = []
  for (const plan of plans) {
    const starts = await findStarts(objects, plan, moved)
    if (starts === null || starts.size > 0) changes.push({ plan, starts })
  }
  return changes
}

export function hasNewRejects({ now, before }: Moved): boolean {
  const known = before === null || before.epoch !== now.epoch ? 0 : before.sequence
  return now.rejects.some(entry => entry.last > known)
}

async function findStarts(
  objects: ObjectStore,
  plan: MetricPlan,
  moved: readonly Moved[],
): Promise<ReadonlySet<number> | null> {
  const starts = new Set<number>()
  for (const { now, before } of moved) {
    const entries = now.objects.filter(entry => entry.plan === plan.hash)
    if (entries.length === 0) continue
    const added = before === null ? null : entriesAfter(entries, before, now)
    if (added === null) return null
    for (const entry of added) {
      const found = await startsOf(objects, plan, entry)
      if (found === null) return null
      for (const start of found) starts.add(start)
    }
  }
  return starts
}

async function startsOf(
  objects: ObjectStore,
  plan: MetricPlan,
  entry: RowsEntry,
): Promise<readonly number[] | null> {
  const { from, to } = entry
  if (from === null || to === null) return [Number.NEGATIVE_INFINITY]
  const toMs = Date.parse(to)
  if (from === to) return [toMs]
  const windowing = createWindowing(plan.window)
  const guessed: number[] = []
  for (
    let window = windowing(Date.parse(from));
    window.start <= toMs && guessed.length <= WINDOWS_GUESSED_MAX;
    window = windowing(window.end)
  ) {
    guessed.push(window.start)
  }
  return guessed.length <= WINDOWS_GUESSED_MAX ? guessed : readStarts(objects, plan, entry)
}

/** null: the object was merged and removed already. */
async function readStarts(
  objects: ObjectStore,
  plan: MetricPlan,
  entry: RowsEntry,
): Promise<readonly number[] | null> {
  const starts = new Set<number>()
  try {
    for await (const rows of readRows(objects, plan, entry)) {
      for (const row of rows) starts.add(row.window.start)
    }
  } catch (error) {
    if (isFault(error, 'STORE_UNAVAILABLE')) return null
    throw error
  }
  return [...starts]
}
