/**
 * Runs of Spark over the lake, from asking to result. To ask is to put `asked.json` where there is
 * none; then the job's files; then the job is started with the token of `asked.json`; then
 * `started.json`. Who finds any of these goes on after it, so a call that was broken off anywhere,
 * or came twice at once, leaves one job. The result is the run's manifest, which job.py puts last.
 */
import { createHash } from 'node:crypto'
import type { Catalog } from '../../../src/model/catalog.ts'
import type { ObjectStore } from '../../../src/model/object-store.ts'
import type { MetricPlan } from '../../../src/model/plan.ts'
import { toRunManifestKey } from '../../../src/model/run.ts'
import { toMillisecondText } from '../../../src/model/time.ts'
import { present, unreachable } from '../../../src/std/assert.ts'
import { toUtf8 } from '../../../src/std/bytes.ts'
import type { Clock } from '../../../src/std/clock.ts'
import { isFault, messageOf } from '../../../src/std/fault.ts'
import { MINUTE_MS } from '../../../src/std/units.ts'
import { compilePlan } from './compile.ts'
import type { JobRunner } from './job-runner.ts'
import type { Asked, RunRecord, RunState } from './run-record.ts'
import { putOnce, readExit, readRecord, toRunKey } from './run-record.ts'
import type { ScheduleOptions } from './schedule.ts'

export interface RunsWorld {
  readonly lake: ObjectStore
  readonly results: ObjectStore
  /** Where these are: `s3://bucket/folder`. */
  readonly places: { readonly lake: string; readonly results: string }
  readonly runner: JobRunner
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  readonly schedule: ScheduleOptions
  /** The text of spark/job.py. */
  readonly job: string
  readonly clock: Pick<Clock, 'now'>
  /** Told of a run that failed, once, where nobody else tells of it. */
  readonly onFailed: (run: string, reason: string) => void
}

/** A run as callers see it. */
export interface RunView {
  readonly run: string
  readonly state: RunState
  readonly from: string | null
  readonly to: string | null
  readonly metrics: readonly string[]
  readonly asked_at: string
  /** The runner's id of it; null: not started. */
  readonly job: string | null
  /** Why it failed; null: it did not. */
  readonly reason: string | null
}

const TOKEN_LENGTH = 32
/** A job that nobody knows this long after its start never will be. */
const UNKNOWN_MS_MAX = 15 * MINUTE_MS
const LOST = 'what ran the job knows nothing of it any more, and there is no result'
const NO_RESULT = 'the job ended without a result; see its logs'

/** What is the same in every ask. */
export function nameRun(
  world: RunsWorld,
  run: string,
): Pick<Asked, 'format' | 'run' | 'asked_at' | 'token'> {
  const time = toMillisecondText(world.clock.now())
  const hash = createHash('sha256').update(`${world.places.results} ${run} ${time}`)
  return { format: 1, run, asked_at: time, token: hash.digest('hex').slice(0, TOKEN_LENGTH) }
}

/** Does what is still to do for a run that was asked for. */
export async function goOn(world: RunsWorld, asked: Asked, signal: AbortSignal): Promise<RunView> {
  const { results, runner, clock } = world
  const { run, token } = asked
  const known = present(await readRecord(results, run, signal), 'the record of an asked run')
  if (known.started !== null || known.failed !== null) return await look(world, known, signal)
  await putFiles(world, asked, signal)
  const folder = `${world.places.results}/${toRunKey(run, '')}`.replace(/\/$/, '')
  try {
    const job = await runner.start({ run, token, folder }, signal)
    const started = { job, started_at: toMillisecondText(clock.now()) }
    await putOnce(results, { run, kind: 'started', signal }, started)
    return toView({ asked, started, failed: null }, 'started')
  } catch (error) {
    if (isFault(error, 'SPARK_FAILED')) {
      await fail(world, known, { reason: messageOf(error), isTold: false, signal })
    }
    throw error
  }
}

async function putFiles(world: RunsWorld, asked: Asked, signal: AbortSignal): Promise<void> {
  const { results, runner, job } = world
  const plan = compilePlan(asked, { ...world, scheme: runner.scheme })
  const files = { 'plan.json': `${JSON.stringify(plan, null, 2)}\n`, 'job.py': job }
  for (const [file, text] of Object.entries(files)) {
    const key = toRunKey(asked.run, file)
    await results.put(key, toUtf8(text), { ifAbsent: true, signal })
  }
}

/** How a run is now: its result tells, else its runner. */
export async function look(
  world: RunsWorld,
  record: RunRecord,
  signal: AbortSignal,
): Promise<RunView> {
  const { results, runner } = world
  const { asked, started, failed } = record
  if (await isPublished(world, asked.run, signal)) return toView(record, 'published')
  if (failed !== null) return toView(record, 'failed')
  if (started === null) return toView(record, 'asked')
  const job = await runner.state(started.job, signal)
  switch (job.kind) {
    case 'waiting':
      return toView(record, 'started')
    case 'running':
      return toView(record, 'running')
    case 'unknown': {
      const age = world.clock.now() - Date.parse(started.started_at)
      if (age < UNKNOWN_MS_MAX) return toView(record, 'started')
      return await fail(world, record, { reason: LOST, isTold: false, signal })
    }
    case 'ended': {
      // It may have published since we looked.
      if (await isPublished(world, asked.run, signal)) return toView(record, 'published')
      const exit = await readExit(results, asked.run, signal)
      const reason = exit ?? job.reason ?? NO_RESULT
      // An instance that says why has counted its failure.
      return await fail(world, record, { reason, isTold: job.isTold || exit !== null, signal })
    }
    default:
      return unreachable(job)
  }
}

async function isPublished(world: RunsWorld, run: string, signal: AbortSignal): Promise<boolean> {
  return (await world.results.get(toRunManifestKey(run), { signal })) !== null
}

interface Failure {
  readonly reason: string
  /** Whether somebody else tells of it. */
  readonly isTold: boolean
  readonly signal: AbortSignal
}

async function fail(
  world: RunsWorld,
  record: RunRecord,
  { reason, isTold, signal }: Failure,
): Promise<RunView> {
  const place = { run: record.asked.run, kind: 'failed', signal } as const
  const value = { reason, failed_at: toMillisecondText(world.clock.now()) }
  const failed = await putOnce(world.results, place, value)
  if (failed === value && !isTold) world.onFailed(record.asked.run, reason)
  return toView({ ...record, failed }, 'failed')
}

function toView({ asked, started, failed }: RunRecord, state: RunState): RunView {
  const { run, from, to, metrics, asked_at } = asked
  const reason = state === 'failed' ? (failed?.reason ?? null) : null
  return { run, state, from, to, metrics, asked_at, job: started?.job ?? null, reason }
}
