/** Reading: questions answered from one snapshot. */
import type { AnswerGroup, AnswerPart, PartValue } from '../../model/answer.ts'
import { compareKeys, keepsSet } from '../../model/answer.ts'
import type { Ledger } from '../../model/ledger.ts'
import { closeLedger } from '../../model/ledger.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { RejectFilter, RejectPage, Result, ResultRow } from '../../model/result.ts'
import type { Reject } from '../../model/step.ts'
import { unreachable } from '../../std/assert.ts'
import { compareUtf8 } from '../../std/bytes.ts'
import type { Ask, RejectAsk, RejectPlace, RowPlace } from '../question.ts'
import { toRejectCursor, toRowCursor } from '../question.ts'
import { toRow } from '../view/places.ts'
import { readArchives } from './archives.ts'
import type { Connection, Row } from './ask.ts'
import { ask, askMany } from './ask.ts'
import { stretchesOf, windowsOf } from './larger.ts'
import { nearCountOf, nextNearCount, selectEdge, toNear } from './near.ts'
import { readShards, readState } from './records.ts'
import type { MetricTables } from './schema.ts'
import { tablesOf } from './schema.ts'
import type { Kept } from './select.ts'
import { columnsOf, selectCurrencyCount, selectOldestStart, selectRows } from './select.ts'
import type { Select } from './source.ts'
import { createBinding, selectGrains } from './source.ts'

/** `rowCount`: how many rows the metric has, roughly. */
export async function readResult(
  connection: Connection,
  asked: Ask,
  rowCount: number,
): Promise<Result> {
  const { generation, ...state } = await readState(connection, asked.base)
  const tables = tablesOf(asked.base, generation)
  const narrowed = await narrow(connection, asked, tables)
  let count = nearCountOf(narrowed, rowCount)
  while (count < rowCount / 2) {
    const edgeMs = await readOne(connection, selectEdge(narrowed, tables.rows, count))
    if (edgeMs === null) break
    const near = toNear(narrowed, edgeMs as number)
    const result = await readPage(connection, near, { tables, ...state })
    if (result.next !== null) return result
    count = nextNearCount(narrowed, count, result.rows.length)
  }
  return await readPage(connection, narrowed, { tables, ...state })
}

interface Place {
  readonly tables: MetricTables
  readonly progress: number | null
  readonly partialUntilMs: number | null
}

async function readPage(
  connection: Connection,
  asked: Ask,
  { tables, ...state }: Place,
): Promise<Result> {
  const { plan, limit } = asked
  const kept = await readKept(connection, asked, tables)
  const currencyCount = plan.byCurrency
    ? Number(await readOne(connection, selectCurrencyCount(asked, kept)))
    : 1
  const found = askMany(connection, selectRows(asked, kept, currencyCount))
  const context = { ...state, source: 'stream' }
  const rows: ResultRow[] = []
  let last: RowPlace | null = null
  for await (const { group, rank } of groupRows(plan, found)) {
    if (rows.length === limit) {
      const next = last === null ? null : toRowCursor(asked, last)
      return { metric: plan.name, zone: plan.zone, rows, next }
    }
    rows.push(toRow(asked, group, context))
    last = { windowStart: group.window.start, rank, key: group.key }
  }
  return { metric: plan.name, zone: plan.zone, rows, next: null }
}

/** With the larger windows of a question that puts windows together. */
async function readKept(connection: Connection, asked: Ask, tables: MetricTables): Promise<Kept> {
  const { plan, windowing } = asked
  if (windowing === null || plan.window.kind === 'all') return { tables, stretches: [] }
  const { sql, texts } = selectGrains(asked, tables.rows)
  const grains = (await ask(connection, sql, texts)).map(([grain]) => grain as number)
  return { tables, stretches: stretchesOf(windowsOf(grains, windowing)) }
}

/** `last` as a lower bound of window starts: the windows asked for are those from there on. */
async function narrow(connection: Connection, asked: Ask, tables: MetricTables): Promise<Ask> {
  if (asked.last === null || asked.plan.window.kind === 'all') return asked
  const kept = await readKept(connection, asked, tables)
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

/** Puts the currencies of one window and key together; they come one after the other. */
async function* groupRows(
  plan: MetricPlan,
  rows: AsyncIterable<Row>,
): AsyncGenerator<{ readonly group: AnswerGroup; readonly rank: bigint | null }> {
  let open: { group: AnswerGroup; parts: AnswerPart[]; rank: bigint | null } | null = null
  const read = createRowReader(plan)
  for await (const row of rows) {
    const { place, part, distinct } = read(row)
    const isSame =
      open?.group.window.start === place.window.start &&
      compareKeys(open.group.key, place.key) === 0
    if (open !== null && isSame) {
      open.parts.push(part)
      continue
    }
    if (open !== null) yield open
    const parts = [part]
    open = { group: { ...place, parts, distinct }, parts, rank: place.rank }
  }
  if (open !== null) yield open
}

interface ReadRow {
  readonly place: {
    readonly window: AnswerGroup['window']
    readonly key: AnswerGroup['key']
    readonly rank: bigint | null
  }
  readonly part: AnswerPart
  readonly distinct: readonly number[]
}

/** Reads rows with the columns of `columnsOf` and the rank, by their places. */
function createRowReader(plan: MetricPlan): (row: Row) => ReadRow {
  const places = new Map([...columnsOf(plan), 'rank'].map((name, index) => [name, index]))
  const keyPlaces = plan.groupBy.map((_, index) => places.get(`k${index}`) ?? -1)
  return row => {
    const at = (name: string): unknown => row[places.get(name) ?? -1]
    const part: AnswerPart = {
      currency: at('currency') as string | null,
      misplaced: at('misplaced') as number,
      late: at('late') as number,
      revision: at('revision') as number,
      values: plan.measures.map((measure, index) =>
        toPartValue(measure, at(`v${index}`), at(`c${index}`)),
      ),
    }
    const window = {
      start: (at('window_start') as number | null) ?? Number.NEGATIVE_INFINITY,
      end: (at('window_end') as number | null) ?? Number.POSITIVE_INFINITY,
    }
    const key = keyPlaces.map(place => row[place] as string | null)
    const distinct = plan.measures.map((_, index) => at(`n${index}`) as number)
    return { place: { window, key, rank: at('rank') as bigint | null }, part, distinct }
  }
}

function toPartValue(
  measure: MetricPlan['measures'][number],
  value: unknown,
  carriers: unknown,
): PartValue {
  switch (measure.kind) {
    case 'count':
    case 'count_distinct':
      if (keepsSet(measure)) return { kind: 'none' }
      return { kind: 'count', count: Number(value as bigint) }
    case 'sum':
      return { kind: 'sum', units: value as bigint, carriers: carriers as number }
    case 'min':
    case 'max':
      return { kind: measure.kind, units: value as bigint | null }
    case 'ratio':
      return { kind: 'none' }
    default:
      return unreachable(measure)
  }
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
