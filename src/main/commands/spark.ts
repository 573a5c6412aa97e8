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
import { Fault } from '../../std/fault.ts'
import { readRun } from '../../store/results/runs.ts'
import { writeWhole } from '../running/data-dir.ts'
import { findLake, LAKE_FLAGS, lakeOf, parseRange, toRunOptions } from '../running/lake.ts'
import { isBucket } from '../running/open-objects.ts'
import { openPlace, placeOf } from '../running/place.ts'
import { printRun } from '../running/print-run.ts'
import { openSparkHome, S3_PACKAGES, SPARK_VERSION } from '../running/spark-home.ts'
import { submitSpark } from '../running/spark-submit.ts'
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
  settings: ['results', 'data', 'zone', 'currency'],
  examples: [
    'weir spark --from 2024-09-01 --to 2024-10-01',
    'weir spark --metric sales_daily --lake ./lake --results ./results --run september',
    'weir spark --from 2024-09-01 --to 2024-10-01 --lake s3://shop/lake --plan plan.json',
  ],
  run: async context => {
    const lake = lakeOf(context)
    const bounds = await findBounds(context, lake)
    const compiled = compileRun(toRunOptions(context, { lake, bounds, engine: 'spark' }))
    const results = placeOf(context)
    const places = { lake: toUri(lake), results: toUri(results), show: isBucket(results) }
    const plan = toSparkPlan(compiled, places)
    const file = context.flag('plan')
    if (file !== undefined) {
      writeWhole(resolve(file), `${JSON.stringify(plan, null, 2)}\n`)
      context.terminal.talk(`weir: ${file} is written; run it with spark-submit spark/job.py`)
      return 0
    }
    const { run } = compiled.manifest
    if (isBucket(results)) {
      await submit(context, plan)
      return 0
    }
    await using objects = await openPlace(context)
    if ((await readRun(objects, run)) === null) await submit(context, plan)
    else context.terminal.talk(`weir: run ${run} was published before; these are its rows`)
    await printRun(context, objects, run)
    return 0
  },
}

/** Of a bucket they are what was asked for. */
async function findBounds(context: CommandContext, lake: string): Promise<RunOptions['bounds']> {
  const range = parseRange(context)
  if (!isBucket(lake)) {
    const found = await findLake(context, lake)
    await using _lake = found.objects
    return present(found.bounds, 'dates of a lake')
  }
  if (range !== null) return range
  throw new Fault('USAGE', `lake '${lake}' is in a bucket: name --from and --to`)
}

async function submit(context: CommandContext, plan: SparkPlan): Promise<void> {
  const { terminal, signal } = context
  const home = await openSparkHome(() => {
    terminal.talk(`weir: installing pyspark ${SPARK_VERSION}, 450 MB, once; this takes minutes`)
  })
  terminal.talk('weir: starting spark …')
  const directory = await mkdtemp(join(tmpdir(), 'weir-spark-'))
  try {
    const inBucket = [plan.lake, plan.results].some(place => place.startsWith('s3a:'))
    await submitSpark({
      home,
      plans: [plan],
      directory,
      settings: {},
      packages: inBucket ? S3_PACKAGES : [],
      onLine: line => terminal.talk(line),
      signal,
    })
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** As Hadoop names it. */
function toUri(place: string): string {
  return isBucket(place) ? place.replace('s3:', 's3a:') : pathToFileURL(resolve(place)).href
}
