/**
 * The shadow: what a recount says, as lines of JSON in one order, so that equal inputs give equal
 * bytes. Rows by metric, shard, window, key and currency; then of each shard's ids, by bucket, how
 * many they are and what they hash to.
 */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Recounted } from '../../engine/recount/recount.ts'
import { ID_BYTES } from '../../model/ids.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { PartialBatch, PartialColumn } from '../../model/partial.ts'
import { toSecondText } from '../../model/time.ts'
import { compareUtf8 } from '../../std/bytes.ts'

/** By shard. */
export type RecountedShards = ReadonlyMap<number, Recounted>

export interface ShadowSummary {
  /** Of all lines. */
  readonly sha256: string
  readonly rows: number
  readonly ids: number
}

const compress = promisify(gzip)
/** Lines of one object at most. */
const OBJECT_LINES_MAX = 100_000
/** Lines between two breaths: some milliseconds. */
const BREATH_LINES = 4_096

/** The SHA-256 of the lines of a shadow, which nothing keeps. */
export async function summarizeShadow(
  shards: RecountedShards,
  breathe: () => Promise<void>,
): Promise<ShadowSummary> {
  const hash = createHash('sha256')
  let rows = 0
  for (const line of linesOf(shards)) {
    hash.update(line)
    rows += 1
    if (rows % BREATH_LINES === 0) await breathe()
  }
  const blocks = [...shards.values()].flatMap(one => one.ids)
  const ids = blocks.reduce((sum, block) => sum + block.ids.length / ID_BYTES, 0)
  return { sha256: hash.digest('hex'), rows: rows - blocks.length, ids }
}

/** Puts the lines of a shadow, some in each object, compressed; gives the keys. */
export async function putShadow(
  objects: Pick<ObjectStore, 'put'>,
  shards: RecountedShards,
  { prefix, breathe }: { readonly prefix: string; readonly breathe: () => Promise<void> },
): Promise<readonly string[]> {
  const keys: string[] = []
  let lines: string[] = []
  const put = async (): Promise<void> => {
    const key = `${prefix}shadow-${String(keys.length).padStart(5, '0')}.ndjson.gz`
    await objects.put(key, await compress(lines.join('')))
    keys.push(key)
    lines = []
  }
  for (const line of linesOf(shards)) {
    lines.push(line)
    if (lines.length % BREATH_LINES === 0) await breathe()
    if (lines.length === OBJECT_LINES_MAX) await put()
  }
  if (lines.length > 0) await put()
  return keys
}

function* linesOf(shards: RecountedShards): Generator<string> {
  const sorted = [...shards].toSorted(([a], [b]) => a - b)
  const batches = sorted.flatMap(([shard, { partials }]) =>
    partials.map(batch => ({ shard, batch })),
  )
  const byMetric = batches.toSorted(
    (a, b) => compareUtf8(a.batch.plan.name, b.batch.plan.name) || a.shard - b.shard,
  )
  for (const { shard, batch } of byMetric) yield* rowLines(shard, batch)
  for (const [shard, { ids }] of sorted) {
    for (const block of ids) {
      const sha256 = createHash('sha256').update(block.ids).digest('hex')
      const count = block.ids.length / ID_BYTES
      yield `${JSON.stringify({ shard, bucket: block.bucket, ids: count, sha256 })}\n`
    }
  }
}

function* rowLines(shard: number, batch: PartialBatch): Generator<string> {
  const { plan, windowStart, windowEnd } = batch
  const values = batch.measures.map(toValues)
  for (let row = 0; row < batch.rowCount; row += 1) {
    const line = {
      metric: plan.name,
      plan: plan.hash,
      shard,
      start: toTimeText(windowStart[row] ?? 0),
      end: toTimeText(windowEnd[row] ?? 0),
      key: batch.keys.map(column => column[row] ?? null),
      currency: batch.currency?.[row] ?? null,
      events: batch.events[row],
      misplaced: batch.misplaced[row],
      values: values.map(of => of(row)),
    }
    yield `${JSON.stringify(line)}\n`
  }
}

/** As the rows of a results place have them; see docs/reference/results.md. */
function toValues(column: PartialColumn): (row: number) => unknown {
  switch (column.kind) {
    case 'count':
      return row => column.values[row]
    case 'sum':
      return row => ({ units: String(column.values[row]), carriers: column.carriers[row] })
    case 'min':
    case 'max':
      return row => column.values[row]?.toString() ?? null
    case 'set': {
      const bytes = Buffer.from(column.ids.buffer, column.ids.byteOffset, column.ids.byteLength)
      const ids = Map.groupBy(column.rows.keys(), at => column.rows[at])
      return row =>
        (ids.get(row) ?? []).map(at => bytes.toString('base64', at * ID_BYTES, (at + 1) * ID_BYTES))
    }
    default:
      return () => null
  }
}

function toTimeText(timeMs: number): string | null {
  return Number.isFinite(timeMs) ? toSecondText(timeMs) : null
}
