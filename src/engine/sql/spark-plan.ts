/** What `spark/job.py` reads: SQL and schemas as JSON. The names are those of that file. */
import type { RunManifest } from '../../model/run.ts'
import { DIALECTS } from './dialect.ts'
import type { LakeView } from './lake-names.ts'

export interface SparkPlan {
  readonly format: 1
  /** URIs of folders, `file:` or `s3a:`. */
  readonly lake: string
  readonly results: string
  readonly manifest_key: string
  readonly rows_prefix: string
  readonly views: readonly {
    readonly name: string
    readonly path: string
    readonly schema: string
  }[]
  readonly queries: readonly string[]
  readonly progress_sql: string
  /** Whether the job prints the first rows of each metric. */
  readonly show: boolean
  readonly manifest: RunManifest
}

const TYPES: { readonly [type: string]: string } = {
  VARCHAR: 'STRING',
  INTEGER: 'INT',
  // What DuckDB writes has no zone, and Spark would not read it as its TIMESTAMP, which has.
  TIMESTAMP: 'TIMESTAMP_NTZ',
}

/** The columns of a view as Spark declares them; files that lack one give nulls. */
export function toSparkSchema({ columns }: LakeView): string {
  const { quote } = DIALECTS.spark
  return columns.map(({ name, type }) => `${quote(name)} ${TYPES[type] ?? type}`).join(', ')
}
