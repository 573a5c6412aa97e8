/**
 * A batch run: metrics over a range of the lake → rows in the results place. What is counted is
 * compiled here, for the engine that counts it: DuckDB in this process, or Spark elsewhere. Rows go
 * to a folder of the attempt, and the manifest that names them is put last, where there is none: so
 * a run that is tried again, or twice at once, leaves one result.
 */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { LakeDatabase } from '../engine/sql/lake-database.ts'
import type { LakeView, SqlEngine } from '../engine/sql/sql.ts'
import { compileMetric, compileProgress, toLakeViews } from '../engine/sql/sql.ts'
import type { Catalog } from '../model/catalog.ts'
import type { ObjectStore } from '../model/object-store.ts'
import type { MetricPlan } from '../model/plan.ts'
import type { RunManifest, RunRow } from '../model/run.ts'
import { RUNS, runColumnsOf, toRunManifestKey } from '../model/run.ts'
import { toMillisecondText } from '../model/time.ts'
import { toUtf8 } from '../std/bytes.ts'

export interface RunOptions {
  readonly run: string
  /** Of this try of the run: no other has it. */
  readonly attempt: string
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  readonly engine: SqlEngine
  /** Windows that begin within are counted; null: all that the lake holds. */
  readonly range: { readonly fromMs: number; readonly toMs: number } | null
  /** Instants between which all events of the lake are. */
  readonly bounds: { readonly fromMs: number; readonly toMs: number }
  /** Where it is, for people. */
  readonly lake: string
  readonly startedMs: number
}

export interface CompiledRun {
  /** Without what only the run itself can tell: `engine`, `progress` and `objects`. */
  readonly manifest: RunManifest
  readonly manifestKey: string
  /** Keys of rows begin with it and the metric's name. */
  readonly rowsPrefix: string
  /** Those that the queries read. */
  readonly views: readonly LakeView[]
  /** One for each metric of the manifest. */
  readonly queries: readonly string[]
  readonly progressQuery: string
}

/** What a run is, before it runs. Pure. */
export function compileRun(options: RunOptions): CompiledRun {
  const { run, catalog, plans, engine, bounds } = options
  const range = { ...(options.range ?? bounds), isWhole: options.range === null }
  const types = new Set(plans.flatMap(plan => plan.from))
  const views = toLakeViews(catalog).filter(view => types.has(view.type))
  const toTime = (timeMs: number | undefined): string | null =>
    timeMs === undefined ? null : toMillisecondText(timeMs)
  return {
    manifest: {
      format: 1,
      run,
      engine,
      from: toTime(options.range?.fromMs),
      to: toTime(options.range?.toMs),
      lake: options.lake,
      catalog_version: catalog.version,
      started_at_ms: options.startedMs,
      progress: null,
      metrics: plans.map(plan => ({
        metric: plan.name,
        plan: plan.hash,
        zone: plan.zone,
        columns: runColumnsOf(plan),
        objects: [],
      })),
    },
    manifestKey: toRunManifestKey(run),
    rowsPrefix: `${RUNS}${run}/${options.attempt}/`,
    views,
    queries: plans.map(plan => compileMetric(plan, catalog, { range, engine })),
    progressQuery: compileProgress(
      views.map(view => view.name),
      engine,
    ),
  }
}

export interface RunPlaces {
  /** With the views of the run attached. */
  readonly database: LakeDatabase
  readonly results: ObjectStore
  readonly onMetric: (metric: string, rowCount: number) => void
  readonly signal: AbortSignal
}

/** Rows of one object at most. */
const OBJECT_ROWS_MAX = 100_000
const compress = promisify(gzip)

/** Runs it in this process. `exists`: a run of that name was published before, or meanwhile. */
export async function runBatch(
  compiled: CompiledRun,
  { database, results, onMetric, signal }: RunPlaces,
): Promise<'published' | 'exists'> {
  const { manifest, manifestKey, rowsPrefix, queries, progressQuery } = compiled
  if ((await results.get(manifestKey, { signal })) !== null) return 'exists'
  let progress: number | null = null
  for await (const rows of database.ask(progressQuery)) {
    for (const row of rows) progress = row['progress'] === null ? null : Number(row['progress'])
  }
  const metrics: RunManifest['metrics'][number][] = []
  for (const [index, query] of queries.entries()) {
    const metric = manifest.metrics[index]
    if (metric === undefined) continue
    const objects: string[] = []
    let rowCount = 0
    for await (const rows of chunksOf(database.ask(query))) {
      signal.throwIfAborted()
      const key = `${rowsPrefix}${metric.metric}/part-${String(objects.length).padStart(5, '0')}`
      const lines = rows.map(row => `${JSON.stringify(row)}\n`).join('')
      await results.put(`${key}.json.gz`, await compress(lines), { signal })
      objects.push(`${key}.json.gz`)
      rowCount += rows.length
    }
    metrics.push({ ...metric, objects })
    onMetric(metric.metric, rowCount)
  }
  const published: RunManifest = { ...manifest, engine: database.engine, progress, metrics }
  const bytes = toUtf8(`${JSON.stringify(published, null, 2)}\n`)
  const put = await results.put(manifestKey, bytes, { ifAbsent: true, signal })
  return put === 'stored' ? 'published' : 'exists'
}

async function* chunksOf(
  batches: AsyncIterable<readonly RunRow[]>,
): AsyncGenerator<readonly RunRow[]> {
  let chunk: RunRow[] = []
  for await (const rows of batches) {
    for (const row of rows) chunk.push(row)
    if (chunk.length < OBJECT_ROWS_MAX) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
