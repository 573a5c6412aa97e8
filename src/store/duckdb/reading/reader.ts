/** Reading: questions answered from one snapshot. */
import type { Ledger } from '../../../model/ledger.ts'
import { closeLedger } from '../../../model/ledger.ts'
import type { RejectFilter, RejectPage, Result, ResultRow } from '../../../model/result.ts'
import type { Reject } from '../../../model/step.ts'
import { compareUtf8 } from '../../../std/bytes.ts'
import type { Ask, RejectAsk, RejectPlace, RowPlace } from '../../question.ts'
import { toRejectCursor, toRowCursor } from '../../question.ts'
import { createPageRows } from '../../view/places.ts'
import type { Connection, Row } from '../database/ask.ts'
import { ask, askMany, askOnce } from '../database/ask.ts'
import type { Select } from '../database/binding.ts'
import { createBinding } from '../database/binding.ts'
import { readArchives } from '../tables/archives.ts'
import { readShards, readState } from '../tables/records.ts'
import type { Generation } from '../tables/schema.ts'
import { tablesOf } from '../tables/schema.ts'
import type { Bounds } from '../tables/totals.ts'
import type { Found } from './groups.ts'
import { readGroups } from './groups.ts'
import { grainsOf, stretchesOf, windowsOf } from './larger.ts'
import {
  isDescending,
  isShort,
  nearPlacesOf,
  nextNearPlaces,
  rowsOf,
  selectEdge,
  settledEdgeOf,
  settledRowsOf,
  toNear,
} from './near.ts'
import type { Tables } from './pieces.ts'
import { hasRecent, isEndless } from './pieces.ts'
import { selectCurrencyCount, selectGrains, selectOldestStart, selectRows } from './select.ts'
import type { Kept } from './source.ts'
import type { SparseIndexes } from './sparse-index.ts'

/** What is known of a metric beforehand. */
export interface Known {
  /** How many rows it has, roughly. */
  readonly rowCount: number
  readonly indexes: SparseIndexes
}

export async function readResult(
  connection: Connection,
  asked: Ask,
  known: Known,
): Promise<Result> {
  const state = await readState(connection, asked.base)
  const place = { ...state, tables: await readTables(connection, asked, state) }
  const narrowed = await narrow(connection, asked, place)
  let places = nearPlacesOf(narrowed)
  while (rowsOf(places) < known.rowCount / 2) {
    const near = await findNear(connection, narrowed, { ...known, tables: place.tables, places })
    if (near === null) break
    const result = await readPage(connection, near, place)
    if (result.next !== null) return result
    places = nextNearPlaces(narrowed, places, result.rows.length)
  }
  return await readPage(connection, narrowed, place)
}

/** The question of the windows that the first places are of; null: it is better asked whole. */
async function findNear(
  connection: Connection,
  asked: Ask,
  {
    tables,
    places,
    rowCount,
    indexes,
  }: Known & { readonly tables: Tables; readonly places: number },
): Promise<Ask | null> {
  // Mostly it is the newest windows alone that have recent rows.
  if (!isDescending(asked) || !hasRecent(asked, tables)) {
    const index = await indexes.of(connection, asked.base, tables.settled)
    const edgeMs = settledEdgeOf(asked, index, settledRowsOf(asked, places))
    const near = edgeMs === null ? asked : toNear(asked, edgeMs)
    if (!hasRecent(near, tables)) return edgeMs === null ? null : near
  }
  if (isShort(asked, rowCount)) return null
  const edgeMs = await readOne(connection, selectEdge(asked, tables, rowsOf(places)))
  return edgeMs === null ? null : toNear(asked, edgeMs as number)
}

/** What all the questions of one answer share. */
interface Place {
  readonly tables: Tables
  readonly progress: number | null
  readonly partialUntilMs: number | null
}

async function readTables(connection: Connection, asked: Ask, at: Generation): Promise<Tables> {
  const tables = tablesOf(asked.base, at)
  const ofRecent = await readBounds(connection, tables.recent)
  const hasTotals = isEndless(asked) && tables.totals !== null
  const ofSettled = hasTotals ? await readBounds(connection, tables.settled) : null
  return { ...tables, ofRecent, ofSettled }
}

async function readBounds(connection: Connection, table: string): Promise<Bounds> {
  const sql = `SELECT count(*)::DOUBLE, min(window_start)::DOUBLE, max(window_start)::DOUBLE
    FROM ${table}`
  const [[rowCount, firstMs, lastMs] = []] = await askOnce(connection, sql)
  return {
    rowCount: rowCount as number,
    firstMs: firstMs as number | null,
    lastMs: lastMs as number | null,
  }
}

async function readPage(connection: Connection, asked: Ask, place: Place): Promise<Result> {
  const { plan, limit } = asked
  const kept = await readKept(connection, asked, place)
  const currencyCount = plan.byCurrency
    ? Number(await readOne(connection, selectCurrencyCount(asked, kept)))
    : 1
  const blocks = askMany(connection, selectRows(asked, kept, currencyCount))
  const { progress, partialUntilMs } = place
  const toRow = createPageRows(asked, { progress, partialUntilMs, source: 'stream' })
  const rows: ResultRow[] = []
  let last: Found | null = null
  // One more than fits tells that there are more.
  for await (const found of readGroups(asked, blocks, limit + 1)) {
    for (const one of found) {
      if (rows.length === limit && last !== null) {
        return { metric: plan.name, zone: plan.zone, rows, next: toRowCursor(asked, placeOf(last)) }
      }
      rows.push(toRow(one.group))
      last = one
    }
  }
  return { metric: plan.name, zone: plan.zone, rows, next: null }
}

function placeOf({ group, toRank }: Found): RowPlace {
  return { windowStart: group.window.start, rank: toRank(), key: group.key }
}

/** With the larger windows of a question that puts windows together. */
async function readKept(connection: Connection, asked: Ask, place: Place): Promise<Kept> {
  const { plan, windowing } = asked
  if (windowing === null || plan.window.kind === 'all') return { ...place, stretches: [] }
  const grains = grainsOf(asked.fromMs, asked.toMs) ?? (await readGrains(connection, asked, place))
  return { ...place, stretches: stretchesOf(windowsOf(grains, windowing)) }
}

async function readGrains(
  connection: Connection,
  asked: Ask,
  place: Place,
): Promise<readonly number[]> {
  const { sql, texts } = selectGrains(asked, place.tables)
  return (await ask(connection, sql, texts)).map(([grain]) => grain as number)
}

/** `last` as a lower bound of window starts: the windows asked for are those from there on. */
async function narrow(connection: Connection, asked: Ask, place: Place): Promise<Ask> {
  if (asked.last === null || asked.plan.window.kind === 'all') return asked
  const kept = await readKept(connection, asked, place)
  const fromMs = await readOne(connection, selectOldestStart(asked, kept, asked.last))
  return fromMs === null ? asked : { ...asked, fromMs: fromMs as number }
}

async function readOne(connection: Connection, { sql, texts }: Select): Promise<unknown> {
  return (await ask(connection, sql, texts))[0]?.[0] ?? null
}

export async function readLedger(connection: Connection): Promise<Ledger> {
  const shards = await readShards(connection)
  const partitions = [...shards.values()].flatMap(shard => shard.partitions)
  const sql = 'SELECT topic, "partition", count(*)::DOUBLE FROM rejects GROUP BY ALL'
  const counts = new Map<string, number>()
  for (const [topic, partition, count] of await ask(connection, sql)) {
    counts.set(`${String(partition)} ${String(topic)}`, count as number)
  }
  const sorted = partitions.toSorted(
    (a, b) => compareUtf8(a.topic, b.topic) || a.partition - b.partition,
  )
  const archives = [...(await readArchives(connection)).values()].flat()
  const quarantined = (topic: string, partition: number): number =>
    counts.get(`${partition} ${topic}`) ?? 0
  return closeLedger(sorted, quarantined, archives)
}

export async function readRejects(connection: Connection, asked: RejectAsk): Promise<RejectPage> {
  const { texts, bind } = createBinding()
  const conditions = [...meantRejects(asked.filter, bind), afterReject(asked.after, bind)]
  const sql = `SELECT topic, "partition", "offset"::DOUBLE, arrival::DOUBLE, code, pointer, key,
      value, file, line::DOUBLE
    FROM rejects WHERE ${conditions.join(' AND ')}
    ORDER BY arrival DESC, topic, "partition", "offset" DESC LIMIT ${asked.limit + 1}`
  const found = (await ask(connection, sql, texts)).map(toReject)
  const rejects = found.slice(0, asked.limit)
  const last = rejects.at(-1)
  const next = found.length > asked.limit && last !== undefined ? toRejectCursor(last) : null
  return { rejects, next }
}

/** Conditions of a filter. `bind` takes a text, and gives what stands for it. */
function meantRejects(filter: RejectFilter, bind: (text: string) => string): readonly string[] {
  const { code = null, topic = null, partition = null, offset = null } = filter
  const { fromMs = null, toMs = null } = filter
  const hasRange = fromMs !== null || toMs !== null
  return [
    ...(code === null ? [] : [`code = ${bind(code)}`]),
    ...(topic === null ? [] : [`topic = ${bind(topic)}`]),
    ...(partition === null ? [] : [`"partition" = ${BigInt(partition)}`]),
    ...(offset === null ? [] : [`"offset" = ${BigInt(offset)}`]),
    ...(hasRange ? [`arrival >= ${BigInt(Math.max(0, fromMs ?? 0))}`] : []),
    ...(toMs === null ? [] : [`arrival < ${BigInt(toMs)}`]),
  ]
}

function afterReject(place: RejectPlace | null, bind: (text: string) => string): string {
  if (place === null) return 'true'
  const { arrivalMs, partition, offset } = place
  const topic = bind(place.topic)
  return `arrival <= ${arrivalMs} AND (arrival < ${arrivalMs} OR topic > ${topic} OR
    (topic = ${topic} AND ("partition" > ${partition} OR
      ("partition" = ${partition} AND "offset" < ${offset}))))`
}

function toReject(row: Row): Reject {
  const [topic, partition, offset, arrivalMs, code, pointer, key, value, file, line] = row
  const toBytes = (blob: unknown): Uint8Array | null =>
    blob === null ? null : new Uint8Array((blob as { readonly bytes: Uint8Array }).bytes)
  return {
    topic: topic as string,
    partition: partition as number,
    offset: offset as number,
    arrivalMs: arrivalMs as number,
    code: code as Reject['code'],
    pointer: pointer as string,
    key: toBytes(key),
    value: toBytes(value),
    file: file as string | null,
    line: line as number | null,
  }
}
