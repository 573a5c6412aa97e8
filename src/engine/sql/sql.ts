/**
 * The second engine: a metric's plan as SQL over the lake, for DuckDB in this process and for
 * Spark anywhere. What a metric means is decided here; what runs the SQL decides nothing.
 */
import type { Catalog } from '../../model/catalog.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { Dialect } from './dialect.ts'
import { DIALECTS } from './dialect.ts'
import type { LakeRange } from './lake-query.ts'
import { toLakeQuery } from './lake-query.ts'
import { renderQuery } from './render.ts'

export type { LakeView } from './lake-names.ts'
export { toLakeViews } from './lake-names.ts'
export type { LakeQuery, LakeRange } from './lake-query.ts'
export { toLakeQuery } from './lake-query.ts'

export type { SparkPlan } from './spark-plan.ts'
export { toSparkSchema } from './spark-plan.ts'

export type SqlEngine = Dialect['name']

/** The SQL of a metric over a range; its rows are those of model/run.ts. */
export function compileMetric(
  plan: MetricPlan,
  catalog: Pick<Catalog, 'events'>,
  options: { readonly range: LakeRange; readonly engine: SqlEngine },
): string {
  return renderQuery(toLakeQuery(plan, catalog, options.range), DIALECTS[options.engine])
}

/** How far the lake has come: one row with `progress`, ms since the epoch, or null. */
export function compileProgress(views: readonly string[], engine: SqlEngine): string {
  const { quote } = DIALECTS[engine]
  // A record without arrival, -1, does not advance it.
  const [time, arrival] = [quote('timestamp_ms'), quote('arrival_ms')]
  const scans = views.map(view => `SELECT ${time}, ${arrival} FROM ${view} WHERE ${arrival} >= 0`)
  return [
    `SELECT MAX(LEAST(${time}, ${arrival})) AS progress`,
    `FROM (${scans.join(' UNION ALL ')}) AS arrived`,
  ].join('\n')
}
