/** Holds a lake in a directory to the log: by plain listing, with no code of the product. */
import { deepStrictEqual } from 'node:assert'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Judged } from '../oracle/judge.ts'
import { judge } from '../oracle/judge.ts'
import { readLog } from '../oracle/read-log.ts'
import { SHOP_SETTINGS } from '../oracle/shop.ts'
import type { AuditAnswer } from './process.ts'
import { readJsonFrom } from './process.ts'

export interface ArchivedLine {
  readonly topic: string
  readonly partition: number
  readonly offset_next: number
  readonly archived_offset: number | null
  readonly lake_rows: number | null
  readonly lake_rejects: number | null
}

export interface ArchivedAudit {
  readonly balanced: boolean
  readonly partitions: readonly ArchivedLine[]
}

const WAIT_MS_MAX = 90_000
const POLL_MS = 50

/** Waits until all of the log rests in the lake, but what is of the topic `exempt`. */
export async function waitUntilArchived(url: string, exempt = ''): Promise<ArchivedAudit> {
  for (let waitedMs = 0; waitedMs < WAIT_MS_MAX; waitedMs += POLL_MS) {
    const answer = await readJsonFrom(`${url}/v1/audit`)
    const audit = answer as ArchivedAudit
    const read = audit.partitions.filter(
      ({ topic, offset_next }) => offset_next > 0 && topic !== exempt,
    )
    const isRead = (answer as AuditAnswer).partitions.every(({ lag }) => lag === 0)
    if (isRead && read.every(line => line.archived_offset === line.offset_next)) return audit
    await sleep(POLL_MS)
  }
  throw new Error(`the log was not archived after ${WAIT_MS_MAX} ms`)
}

/** As below, of a log of segments. */
export async function assertLakeIsExact(
  audit: ArchivedAudit,
  { log, lake }: { readonly log: string; readonly lake: string },
): Promise<void> {
  await assertLakeHolds(audit, { judged: judge(readLog(log), SHOP_SETTINGS), lake })
}

/** Throws unless every accepted event is a row once, every invalid record a reject once. */
export async function assertLakeHolds(
  audit: ArchivedAudit,
  { judged, lake }: { readonly judged: readonly Judged[]; readonly lake: string },
): Promise<void> {
  const placesOf = (kind: 'accepted' | 'invalid'): readonly string[] =>
    judged.filter(({ verdict }) => verdict.kind === kind).map(toPlace)
  const rows = await listRows(join(lake, 'events'))
  const rejects = await listRows(join(lake, 'rejects'))
  deepStrictEqual(rows, [...placesOf('accepted')].toSorted(), 'accepted events, as rows')
  deepStrictEqual(rejects, [...placesOf('invalid')].toSorted(), 'invalid records, as rejects')
  deepStrictEqual(audit.balanced, true, 'the ledger balances')
  const sum = (countOf: (line: ArchivedLine) => number | null): number =>
    audit.partitions.reduce((total, line) => total + (countOf(line) ?? 0), 0)
  deepStrictEqual(
    sum(line => line.lake_rows),
    rows.length,
    'rows of the ledger',
  )
  deepStrictEqual(
    sum(line => line.lake_rejects),
    rejects.length,
    'rejects of the ledger',
  )
}

function toPlace({ record, verdict }: Judged): string {
  const id = verdict.kind === 'accepted' ? (verdict.event.fields.get('event_id') as string) : ''
  return `${record.topic} ${record.partition} ${record.offset} ${id}`
}

async function listRows(directory: string): Promise<readonly string[]> {
  if (!existsSync(directory)) return []
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  const id = directory.endsWith('events') ? 'event_id' : "''"
  const reader = await connection.runAndReadAll(
    `SELECT topic || ' ' || "partition" || ' ' || "offset" || ' ' || ${id}
    FROM read_parquet('${directory}/**/*.parquet', union_by_name = true)`,
  )
  const rows = reader.getRows().map(([place]) => String(place))
  connection.closeSync()
  instance.closeSync()
  return rows.toSorted()
}
