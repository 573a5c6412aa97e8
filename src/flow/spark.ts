/** A compiled run as the plan that `spark/job.py` reads. */
import type { SparkPlan } from '../engine/sql/sql.ts'
import { toSparkSchema } from '../engine/sql/sql.ts'
import type { CompiledRun } from './batch.ts'

export interface SparkPlaces {
  /** URIs of folders, `file:` or `s3a:`. */
  readonly lake: string
  readonly results: string
  /** Whether the job prints the first rows of each metric. */
  readonly show: boolean
}

export function toSparkPlan(compiled: CompiledRun, places: SparkPlaces): SparkPlan {
  const { manifest, manifestKey, rowsPrefix, views, queries, progressQuery } = compiled
  return {
    format: 1,
    ...places,
    manifest_key: manifestKey,
    rows_prefix: rowsPrefix,
    views: views.map(view => ({ name: view.name, path: view.path, schema: toSparkSchema(view) })),
    queries,
    progress_sql: progressQuery,
    manifest,
  }
}
