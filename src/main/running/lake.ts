/** The lake that a command names, and what a run over it is. */
import { toLakeViews } from '../../engine/sql/sql.ts'
import type { RunOptions } from '../../flow/batch.ts'
import type { LakeFiles } from '../../flow/lake-files.ts'
import { listLakeFiles } from '../../flow/lake-files.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { RUN_NAME } from '../../model/run.ts'
import { Fault } from '../../std/fault.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { parseTimeFlag } from '../terminal/flags.ts'
import { archivePlaceOf } from './archive.ts'
import { dataDirOf } from './data-dir.ts'
import { openObjects } from './open-objects.ts'

/** Flags of every command that counts a lake. */
export const LAKE_FLAGS: Command['flags'] = {
  metric: { value: 'NAME', about: 'only this metric; else all' },
  from: { value: 'TIME', about: 'windows that begin at this time or later; else all of the lake' },
  to: { value: 'TIME', about: 'windows that begin before this time' },
  lake: { value: 'PLACE', about: 'directory of the lake, or s3://bucket/folder; DATA/lake' },
  run: { value: 'NAME', about: 'name of the run; one that is published already stays as it is' },
}

type Range = RunOptions['range']

/** A directory, or `s3://bucket/folder`. */
export function lakeOf(context: CommandContext): string {
  const { lake } = dataDirOf(context.config.settings.data)
  return context.flag('lake') ?? archivePlaceOf(context) ?? lake
}

/** The files of the plans' event types. Throws LAKE_UNREADABLE where there is no lake. */
export async function findLake(
  context: CommandContext,
  lake: string,
): Promise<LakeFiles & { readonly objects: ObjectStore & AsyncDisposable }> {
  const objects = await openObjects(context, lake)
  const found = await listLakeFiles(objects, toLakeViews(context.config.catalog), context.signal)
  if (found.bounds !== null) return { ...found, objects }
  await objects[Symbol.asyncDispose]()
  throw new Fault(
    'LAKE_UNREADABLE',
    `there is no lake in ${lake}: no Parquet file lies under events/; check --lake`,
  )
}

/** Both bounds, or neither: null. Throws USAGE. */
export function parseRange(
  context: CommandContext,
  [from, to]: readonly [string, string] = ['from', 'to'],
): Range {
  const fromMs = parseTimeFlag(context, from)
  const toMs = parseTimeFlag(context, to)
  if (fromMs === null && toMs === null) return null
  if (fromMs === null || toMs === null) {
    throw new Fault('USAGE', `give both --${from} and --${to}, or neither`)
  }
  if (fromMs < toMs) return { fromMs, toMs }
  throw new Fault(
    'USAGE',
    `--${from} is not before --${to}; windows begin at --${from} or later, before --${to}`,
  )
}

/** What is to be counted. Throws USAGE for a metric that there is not. */
function parsePlans({ config, flag }: CommandContext): readonly MetricPlan[] {
  const name = flag('metric')
  if (name === undefined) return config.plans
  return [findPlan(config.plans, name)]
}

export function findPlan(plans: readonly MetricPlan[], name: string): MetricPlan {
  const plan = plans.find(one => one.name === name)
  if (plan !== undefined) return plan
  const known = plans.map(one => one.name).join(', ')
  throw new Fault('USAGE', `metric '${name}' is unknown; there are: ${known}`)
}

/** A run of the flags, by an engine that is started now. */
export function toRunOptions(
  context: CommandContext,
  { lake, bounds, engine }: Pick<RunOptions, 'lake' | 'bounds' | 'engine'>,
): RunOptions {
  const { config, clock } = context
  const startedMs = clock.now()
  const stamp = new Date(startedMs).toISOString().replaceAll(/[-:.]/g, '')
  const run = context.flag('run') ?? `${stamp}-${engine}`
  if (!RUN_NAME.test(run)) {
    throw new Fault('USAGE', `--run is '${run}'; write letters, digits, _, = and -, 100 at most`)
  }
  const range = parseRange(context)
  const plans = parsePlans(context)
  const { catalog } = config
  return { run, attempt: stamp, catalog, plans, engine, range, bounds, lake, startedMs }
}
