/** What was asked for as the plan that `spark/job.py` reads: the same however often it is made. */
import type { SparkPlan } from '../../../src/engine/sql/sql.ts'
import { compileRun } from '../../../src/flow/batch.ts'
import { toSparkPlan } from '../../../src/flow/spark.ts'
import type { Catalog } from '../../../src/model/catalog.ts'
import type { MetricPlan } from '../../../src/model/plan.ts'
import { Fault } from '../../../src/std/fault.ts'
import type { JobRunner } from './job-runner.ts'
import type { Asked } from './run-record.ts'

export interface CompileOptions {
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  /** URLs of folders, `s3://bucket/folder`. */
  readonly places: { readonly lake: string; readonly results: string }
  readonly scheme: JobRunner['scheme']
}

/** Throws CONFIG_INVALID where a metric is gone meanwhile. */
export function compilePlan(asked: Asked, options: CompileOptions): SparkPlan {
  const { catalog, plans, places, scheme } = options
  const { run, from, to, bounds, metrics } = asked
  const gone = metrics.find(name => !plans.some(plan => plan.name === name))
  if (gone !== undefined) {
    throw new Fault('CONFIG_INVALID', `run ${run} asked for metric '${gone}', which is gone`)
  }
  const compiled = compileRun({
    run,
    attempt: toStamp(asked.asked_at),
    catalog,
    plans: plans.filter(plan => metrics.includes(plan.name)),
    engine: 'spark',
    range: from === null || to === null ? null : { fromMs: Date.parse(from), toMs: Date.parse(to) },
    bounds: { fromMs: Date.parse(bounds.from), toMs: Date.parse(bounds.to) },
    lake: places.lake,
    startedMs: Date.parse(asked.asked_at),
  })
  const toUri = (place: string): string => place.replace(/^s3:/, `${scheme}:`)
  const uris = { lake: toUri(places.lake), results: toUri(places.results) }
  return toSparkPlan(compiled, { ...uris, show: false })
}

/** A time as a segment of a key: `20261122T101500123Z`. */
export function toStamp(time: string): string {
  return time.replaceAll(/[-:.]/g, '')
}
