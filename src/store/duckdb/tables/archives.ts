/**
 * What the store keeps for the archive: beside each shard's totals how far its partitions are
 * archived, and, of what waits, the refusals of every step that had any.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { BLOB, blobValue, DOUBLE, INTEGER, VARCHAR } from '@duckdb/node-api'
import type { ArchiveAdvance, ArchiveTotals, Place } from '../../../model/archive.ts'
import { advanceArchive, countGone, isPlace } from '../../../model/archive.ts'
import type { RefusedCount, RefusedRange } from '../../../model/refused.ts'
import { cutRefused } from '../../../model/refused.ts'
import type { ShardStep } from '../../../model/step.ts'
import { present } from '../../../std/assert.ts'
import type { Appenders, Column } from '../database/appenders.ts'
import type { Connection } from '../database/ask.ts'
import { ask } from '../database/ask.ts'

/** Ranges that are read at once. A step's refusals are a few bytes each. */
const RANGES_MAX = 256

/** Appends what steps refused; `appenders` then has it to flush. */
export async function appendRefused(
  appenders: Appenders,
  refused: NonNullable<ShardStep['refused']>,
): Promise<void> {
  const ranges = refused.filter(range => range.runs.length > 0)
  const of = (type: Column['type'], pick: (range: (typeof ranges)[number]) => unknown): Column => ({
    type,
    at: row => pick(present(ranges[row], 'a range')) as ReturnType<Column['at']>,
  })
  const columns = [
    of(VARCHAR, range => range.topic),
    of(INTEGER, range => range.partition),
    of(DOUBLE, range => range.first),
    of(DOUBLE, range => range.next),
    of(BLOB, range => blobValue(range.runs)),
  ]
  await appenders.append('refused', { rowCount: ranges.length, columns })
}

/** Of archives by shard. */
type Archives = ReadonlyMap<number, readonly ArchiveTotals[]>

/** Forgets what lies below where archiving of partitions began anew. */
export async function dropRefused(
  connection: DuckDBConnection,
  before: Archives,
  after: Archives,
): Promise<void> {
  for (const [shard, archives] of after) {
    const known = before.get(shard) ?? []
    for (const one of archives) {
      const { topic, partition, offsetFirst } = one
      if (known.some(other => isPlace(one, other) && other.offsetFirst === offsetFirst)) continue
      await connection.run(`DELETE FROM refused WHERE ${below(partition, offsetFirst)}`, [topic])
    }
  }
}

export async function readRefused(
  connection: Connection,
  { topic, partition }: Place,
  from: number,
): Promise<readonly RefusedRange[]> {
  const sql = `SELECT first::DOUBLE, next::DOUBLE, runs FROM refused
    WHERE topic = $1 AND "partition" = ${partition} AND next > ${from}
    ORDER BY first LIMIT ${RANGES_MAX}`
  const rows = await ask(connection, sql, [topic])
  return rows.map(([first, next, runs]) => ({
    first: first as number,
    next: next as number,
    runs: new Uint8Array((runs as { readonly bytes: Uint8Array }).bytes),
  }))
}

/** Moves a partition's archive on, within the caller's transaction; gives its shard's archives. */
export async function writeAdvance(
  connection: DuckDBConnection,
  archives: readonly ArchiveTotals[],
  advance: ArchiveAdvance,
): Promise<{ readonly after: readonly ArchiveTotals[]; readonly gone: RefusedCount }> {
  const { topic, partition, offsetFirst, offsetNext } = advance
  const gone = { refused: 0, invalid: 0 }
  let cut: RefusedRange | null = null
  for (let from = offsetFirst; ; ) {
    const ranges = await readRefused(connection, advance, from)
    const count = countGone(ranges, offsetNext)
    gone.refused += count.refused
    gone.invalid += count.invalid
    cut = ranges.find(range => range.first < offsetNext && offsetNext < range.next) ?? cut
    const last = ranges.at(-1)
    if (ranges.length < RANGES_MAX || last === undefined || last.next >= offsetNext) break
    from = last.next
  }
  await connection.run(`DELETE FROM refused WHERE ${below(partition, offsetNext)}`, [topic])
  if (cut !== null) await replaceCut(connection, advance, cut)
  const after = archives.map(one =>
    isPlace(one, advance) ? advanceArchive(one, advance, gone) : one,
  )
  const sql = `UPDATE shards SET archives = $1 WHERE shard = ${partition}`
  await connection.run(sql, [JSON.stringify(after)])
  return { after, gone }
}

async function replaceCut(
  connection: DuckDBConnection,
  { topic, partition, offsetNext }: ArchiveAdvance,
  cut: RefusedRange,
): Promise<void> {
  const { first, next, runs } = cutRefused(cut, offsetNext)
  const place = `topic = $1 AND "partition" = ${partition} AND first = ${cut.first}`
  await connection.run(`DELETE FROM refused WHERE ${place}`, [topic])
  const sql = `INSERT INTO refused VALUES ($1, ${partition}, ${first}, ${next}, $2)`
  await connection.run(sql, [topic, blobValue(runs)])
}

/** What lies wholly below an offset of a partition; the topic is $1. */
function below(partition: number, offset: number): string {
  return `topic = $1 AND "partition" = ${partition} AND next <= ${offset}`
}

/** By shard. */
export async function readArchives(connection: Connection): Promise<Archives> {
  const rows = await ask(connection, 'SELECT shard, archives FROM shards')
  return new Map(
    rows.map(([shard, archives]) => [
      shard as number,
      JSON.parse((archives as string | null) ?? '[]') as readonly ArchiveTotals[],
    ]),
  )
}
