/**
 * Reading a part of a metric that is too large to be held: the entries whose windows a question can
 * reach, in the order of its answer, until a page is full.
 */
import type { ObjectStore } from '../../model/object-store.ts'
import type { Ask } from '../question.ts'
import { isPlain } from '../view/places.ts'
import type { View } from '../view/view.ts'
import { createView } from '../view/view.ts'
import type { RowsEntry } from './manifest.ts'
import { readRows } from './row-lines.ts'

interface Placed {
  readonly entry: RowsEntry
  /** Starts of windows, both inclusive. */
  readonly fromMs: number
  readonly toMs: number
}

/** A view that answers the question as one of all entries would. */
export async function readPartOf(
  objects: ObjectStore,
  ask: Ask,
  entries: readonly RowsEntry[],
): Promise<View> {
  const isWanted = createFilter(ask)
  const isNewestFirst = ask.last !== null
  const canStop = isPlain(ask) && ask.order.kind === 'window' && !isDescendingAlone(ask)
  const placed = entries
    .map(toPlaced)
    .filter(one => isWanted(one.fromMs, one.toMs))
    .toSorted((a, b) => (isNewestFirst ? compare(b.toMs, a.toMs) : compare(a.fromMs, b.fromMs)))
  const view = createView(ask.base)
  for (const { entry, fromMs, toMs } of placed) {
    if (canStop && (isNewestFirst ? hasNewest(view, ask, toMs) : hasPage(view, ask, fromMs))) break
    for await (const rows of readRows(objects, ask.base, entry)) {
      for (const row of rows) {
        if (isWanted(row.window.start, row.window.start) && isMeant(row.key, ask)) view.add(row)
      }
    }
  }
  return view
}

/** Newest first, and all of them. */
function isDescendingAlone({ order, last }: Ask): boolean {
  return order.kind === 'window' && order.isDescending && last === null
}

function isMeant(key: readonly (string | null)[], { filters }: Ask): boolean {
  return filters.every(({ index, values }) => values.has(key[index] ?? null))
}

function toPlaced(entry: RowsEntry): Placed {
  const fromMs = entry.from === null ? Number.NEGATIVE_INFINITY : Date.parse(entry.from)
  const toMs = entry.to === null ? fromMs : Date.parse(entry.to)
  return { entry, fromMs, toMs }
}

/** Whether windows that begin in a range, both ends inclusive, can be in the answer. */
function createFilter(ask: Ask): (fromMs: number, toMs: number) => boolean {
  const { fromMs, toMs, after, last, order, windows } = ask
  const sought = windows === null ? null : new Set(windows)
  const isUpwards = last === null && order.kind === 'window' && !order.isDescending
  const leastMs = isUpwards && after !== null ? after.windowStart : null
  return (from, to) =>
    (fromMs === null || to >= fromMs) &&
    (toMs === null || from < toMs) &&
    (leastMs === null || to >= leastMs) &&
    (sought === null || (from === to ? sought.has(from) : windowsWithin(sought, from, to)))
}

function windowsWithin(sought: ReadonlySet<number>, from: number, to: number): boolean {
  for (const start of sought) if (start >= from && start <= to) return true
  return false
}

/** Whether the windows before `fromMs`, to which nothing is added any more, fill a page. */
function hasPage(view: View, { after, limit, plan }: Ask, fromMs: number): boolean {
  let count = 0
  for (const [start, groups] of view.windows) {
    if (start >= fromMs || (after !== null && start <= after.windowStart)) continue
    count += Math.min(groups.size, plan.top?.limit ?? groups.size)
    if (count > limit) return true
  }
  return false
}

/** Whether there are as many windows past `toMs`, to which nothing is added, as are asked for. */
function hasNewest(view: View, { last }: Ask, toMs: number): boolean {
  const count = [...view.windows.keys()].filter(start => start > toMs).length
  return last !== null && count >= last
}

function compare(left: number, right: number): number {
  return left < right ? -1 : left > right ? 1 : 0
}
