/** An event's rows in the lake, by its id. */
import { DIALECTS } from './dialect.ts'

/** Rows have `topic`, `partition`, `offset`, `arrival_ms`, `timestamp_ms`, `user_id`, `file`. */
export function compileTrace(files: readonly string[], eventId: string): string {
  const { text } = DIALECTS.duckdb
  const options = 'union_by_name = true, filename = true, hive_partitioning = false'
  return `SELECT topic, "partition", "offset", arrival_ms, timestamp_ms, user_id, filename AS file
    FROM read_parquet([${files.map(text).join(', ')}], ${options})
    WHERE event_id = ${text(eventId)} ORDER BY topic, "partition", "offset"`
}
