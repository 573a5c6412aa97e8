/**
 * What a recount says, beside what is published: row by row, with the values that a reader gets.
 * Rows that say the same keep their revision; a final one that says something else is revised once.
 */
import type { AnswerGroup, AnswerPart } from '../../model/answer.ts'
import { createRowMaker, mergeParts, toPart } from '../../model/answer.ts'
import { ID_BYTES } from '../../model/ids.ts'
import type { PartialBatch } from '../../model/partial.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { isFinal } from '../../model/progress.ts'
import type { Result, ResultRow } from '../../model/result.ts'
import type { MetricSwap, ShardRows, WindowRange } from '../../model/swap.ts'
import type { Interval } from '../../model/window.ts'
import { present } from '../../std/assert.ts'
import { compareUtf8 } from '../../std/bytes.ts'
import type { StepStore } from '../../store/store.ts'

export interface Difference {
  readonly metric: string
  readonly window_start: string | null
  readonly window_end: string | null
  readonly key: ResultRow['key']
  /** null: there is no such row. */
  readonly published: ResultRow['values'] | null
  readonly recounted: ResultRow['values'] | null
}

export interface MetricComparison {
  readonly metric: string
  readonly plan: string
  /** Rows that say the same, something else, that only the recount has, only what is published. */
  readonly same: number
  readonly changed: number
  readonly new: number
  readonly gone: number
}

export interface Comparison {
  readonly counts: MetricComparison
  readonly differences: readonly Difference[]
  readonly swap: MetricSwap
}

export interface CompareOptions {
  readonly store: Pick<StepStore, 'rows'>
  readonly progress: number | null
  readonly range: WindowRange
  /** Differences that are told at most. */
  readonly differencesMax: number
  /** Waited for now and then, so that others have their turn. */
  readonly breathe: () => Promise<void>
}

/** Of one window and key what all shards counted. */
interface Group {
  readonly window: Interval
  readonly key: readonly (string | null)[]
  readonly parts: Map<string, AnswerPart>
  readonly sets: readonly Set<string>[]
  /** The row that carries what the swap says of lateness. */
  readonly carrier: { readonly shard: number; readonly row: number }
}

const PAGE_ROWS = 10_000
/** Rows between two breaths: some milliseconds. */
const BREATH_ROWS = 4_096

/** `batches`: of each shard what it counted of the metric, rows in order; none, no batch. */
export async function compareMetric(
  plan: MetricPlan,
  batches: ReadonlyMap<number, PartialBatch>,
  options: CompareOptions,
): Promise<Comparison> {
  const { progress, range, differencesMax } = options
  const groups = await groupBatches(plan, batches, options.breathe)
  const toRow = createRowMaker(plan, { progress, partialUntilMs: null, source: 'stream' })
  const left = new Map(
    groups.map(group => {
      const row = toRow(toAnswer(group))
      return [nameOf(row), { group, row }] as const
    }),
  )
  const lateness = new Map<Group, Lateness>()
  const differences: Difference[] = []
  const counts = { same: 0, changed: 0, new: 0, gone: 0 }
  const note = (row: ResultRow | null, recounted: ResultRow | null): void => {
    if (differences.length >= differencesMax) return
    differences.push(toDifference(plan, row, recounted))
  }
  const whole = new Set<string | null>()
  for await (const row of publishedRows(plan, options)) {
    if (!row.partial) whole.add(row.window_start)
    const found = left.get(nameOf(row))
    if (found === undefined) {
      counts.gone += 1
      note(row, null)
      continue
    }
    left.delete(nameOf(row))
    const isSame = JSON.stringify(found.row.values) === JSON.stringify(row.values)
    counts[isSame ? 'same' : 'changed'] += 1
    if (!isSame) note(row, found.row)
    const isRevised = !isSame && isFinal(found.group.window.end, plan.graceMs, progress)
    lateness.set(found.group, { late: row.late, revision: row.revision + (isRevised ? 1 : 0) })
  }
  for (const { group, row } of left.values()) {
    counts.new += 1
    note(null, row)
    // Of a window that was never told as whole nothing is taken back.
    const isTold = whole.has(row.window_start)
    const isRevised = isTold && isFinal(group.window.end, plan.graceMs, progress)
    if (isRevised) lateness.set(group, { late: 0, revision: 1 })
  }
  return {
    counts: { metric: plan.name, plan: plan.hash, ...counts },
    differences,
    swap: { plan, range, rows: toShardRows(batches, lateness) },
  }
}

interface Lateness {
  readonly late: number
  readonly revision: number
}

async function groupBatches(
  plan: MetricPlan,
  batches: ReadonlyMap<number, PartialBatch>,
  breathe: () => Promise<void>,
): Promise<readonly Group[]> {
  const groups = new Map<string, Group>()
  for (const [shard, batch] of batches) {
    const found: Group[] = []
    for (let row = 0; row < batch.rowCount; row += 1) {
      if (row % BREATH_ROWS === 0) await breathe()
      const key = batch.keys.map(column => column[row] ?? null)
      const window = {
        start: present(batch.windowStart[row], 'a row'),
        end: present(batch.windowEnd[row], 'a row'),
      }
      const name = JSON.stringify([window.start, ...key])
      const group = groups.get(name) ?? {
        window,
        key,
        parts: new Map(),
        sets: plan.measures.map(() => new Set<string>()),
        carrier: { shard, row },
      }
      groups.set(name, group)
      const part = toPart(batch, row, { late: 0, revision: 0 })
      const code = part.currency ?? ''
      const known = group.parts.get(code)
      group.parts.set(code, known === undefined ? part : mergeParts(known, part))
      found.push(group)
    }
    addSets(batch, found)
  }
  return [...groups.values()]
}

function addSets({ measures }: PartialBatch, groups: readonly Group[]): void {
  for (const [index, column] of measures.entries()) {
    if (column.kind !== 'set') continue
    const bytes = Buffer.from(column.ids.buffer, column.ids.byteOffset, column.ids.byteLength)
    for (const [at, row] of column.rows.entries()) {
      const id = bytes.toString('latin1', at * ID_BYTES, (at + 1) * ID_BYTES)
      groups[row]?.sets[index]?.add(id)
    }
  }
}

function toAnswer({ window, key, parts, sets }: Group): AnswerGroup {
  const sorted = [...parts].toSorted(([a], [b]) => compareUtf8(a, b))
  return { window, key, parts: sorted.map(([, part]) => part), distinct: sets.map(set => set.size) }
}

async function* publishedRows(
  plan: MetricPlan,
  { store, range }: CompareOptions,
): AsyncGenerator<ResultRow> {
  let cursor: string | null = null
  do {
    const question = { metric: plan.name, ...range, limit: PAGE_ROWS, cursor }
    const page: Result = await store.rows(question)
    yield* page.rows
    cursor = page.next
  } while (cursor !== null)
}

function nameOf(row: ResultRow): string {
  return JSON.stringify([row.window_start, Object.values(row.key)])
}

function toDifference(
  plan: MetricPlan,
  published: ResultRow | null,
  recounted: ResultRow | null,
): Difference {
  const row = present(published ?? recounted, 'a row')
  return {
    metric: plan.name,
    window_start: row.window_start,
    window_end: row.window_end,
    key: row.key,
    published: published?.values ?? null,
    recounted: recounted?.values ?? null,
  }
}

function toShardRows(
  batches: ReadonlyMap<number, PartialBatch>,
  lateness: ReadonlyMap<Group, Lateness>,
): readonly ShardRows[] {
  const carried = new Map(
    [...lateness].map(([{ carrier }, late]) => [`${carrier.shard} ${carrier.row}`, late]),
  )
  return [...batches].map(([shard, batch]) => ({
    shard,
    batch,
    lateness: Array.from(
      { length: batch.rowCount },
      (_, row) => carried.get(`${shard} ${row}`) ?? { late: 0, revision: 0 },
    ),
  }))
}
