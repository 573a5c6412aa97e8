/** `weir spark`: the metrics over the lake, counted by Spark on this machine. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SparkPlan } from '../../engine/sql/sql.ts'
import type { RunOptions } from '../../flow/batch.ts'
import { compileRun } from '../../flow/batch.ts'
import { toSparkPlan } from '../../flow/spark.ts'
import { present } from '../../std/assert.ts'
import { readRun } from '../../store/results/runs.ts'
import { writeWhole } from '../running/data-dir.ts'
import { findLake, LAKE_FLAGS, lakeOf, parseRange, toRunOptions } from '../running/lake.ts'
import { isBucket } from '../running/open-objects.ts'
import { openPlace, placeOf } from '../running/place.ts'
import { printRun } from '../running/print-run.ts'
import { openSparkHome, SPARK_VERSION } from '../spark/home.ts'
import { openS3Settings } from '../spark/s3-settings.ts'
import { submitSpark } from '../spark/submit.ts'
import type { Command, CommandContext } from '../terminal/command.ts'

export const sparkCommand: Command = {
  name: 'spark',
  about: 'counts metrics over the lake, by SQL on Spark',
  positionals: [],
  flags: {
    ...LAKE_FLAGS,
    local: { value: null, about: 'on this machine, which is the default' },
    plan: {
      value: 'FILE',
      about: 'only write what spark/job.py reads, for spark-submit elsewhere',
    },
    json: { value: null, about: 'all rows as JSON' },
  },
  settings: ['results', 'archive', 's3Endpoint', 's3Region', 'data', 'zone', 'currency'],
  examples: [
    'weir spark --from 2024-09-01 --to 2024-10-01',
    'weir spark --metric sales_daily --lake ./lake --results ./results --run september',
    'weir spark --lake s3://shop-lake/lake --results s3://shop-results/weir',
    'weir spark --from 2024-09-01 --to 2024-10-01 --lake s3://shop-lake/lake --plan plan.json',
  ],
  run: async context => {
    const lake = lakeOf(context)
    const file = context.flag('plan')
    const bounds = await findBounds(context, lake)
    const compiled = compileRun(toRunOptions(context, { lake, bounds, engine: 'spark' }))
    const results = placeOf(context)
    // Elsewhere nobody but the job shows rows.
    const places = { lake: toUri(lake), results: toUri(results), show: file !== undefined }
    const plan = toSparkPlan(compiled, places)
    if (file !== undefined) {
      writeWhole(resolve(file), `${JSON.stringify(plan, null, 2)}\n`)
      context.terminal.talk(`weir: ${file} is written; run it with spark-submit spark/job.py`)
      return 0
    }
    const { run } = compiled.manifest
    await using objects = await openPlace(context)
    if ((await readRun(objects, run)) === null) {
      await submit(context, plan, [lake, results].filter(isBucket))
    } else {
      context.terminal.talk(`weir: run ${run} was published before; these are its rows`)
    }
    await printRun(context, { objects, run, bounds })
    return 0
  },
}

/** A plan for elsewhere may be made where its bucket is out of reach: then it covers the range. */
async function findBounds(context: CommandContext, lake: string): Promise<RunOptions['bounds']> {
  const range = parseRange(context)
  if (range !== null && isBucket(lake) && context.flag('plan') !== undefined) return range
  const found = await findLake(context, lake)
  await using _lake = found.objects
  return present(found.bounds, 'dates of a lake')
}

async function submit(
  context: CommandContext,
  plan: SparkPlan,
  buckets: readonly string[],
): Promise<void> {
  const { terminal, signal } = context
  const [bucket] = buckets
  const settings = bucket === undefined ? {} : await openS3Settings(context, bucket)
  const home = await openSparkHome(() => {
    terminal.talk(`weir: installing pyspark ${SPARK_VERSION}, 450 MB, once; this takes minutes`)
  })
  terminal.talk('weir: starting spark …')
  const directory = await mkdtemp(join(tmpdir(), 'weir-spark-'))
  try {
    const onLine = (line: string): void => terminal.talk(line)
    await submitSpark({ home, plans: [plan], directory, settings, onLine, signal })
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** As Hadoop names it. */
function toUri(place: string): string {
  return isBucket(place) ? place.replace('s3:', 's3a:') : pathToFileURL(resolve(place)).href
}
