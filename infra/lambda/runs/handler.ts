/**
 * The function that starts runs of Spark, as AWS calls it: by EventBridge Scheduler with
 * `{"kind":"schedule","time":"<aws.scheduler.scheduled-time>"}`, and by API Gateway with requests.
 *
 * It is bundled as an ES module. Beside the bundle lie `job.py`, a copy of spark/job.py, and, where
 * a shop has a config, `weir.config.mjs`, bundled with `weir` as an alias of src/index.ts.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { createSystemClock } from '../../../src/std/clock.ts'
import type { RestAnswer, RestEvent } from './answer.ts'
import { answer } from './answer.ts'
import { toFailureLine } from './failure-line.ts'
import type { OpenRuns } from './open.ts'
import { openRuns } from './open.ts'
import type { Ticked } from './tick.ts'

export interface Tick {
  readonly kind: 'schedule'
  readonly time: string
}

export interface InvocationContext {
  getRemainingTimeInMillis(): number
}

const HERE = import.meta.dirname
const JOBS = [join(HERE, 'job.py'), join(HERE, '..', '..', '..', 'spark', 'job.py')]
/** To answer before the function is cut off. */
const LAST_MS = 500

/** Opened at the first call, and kept as long as the function lives. */
let opened: Promise<OpenRuns> | null = null

/** What it throws, AWS counts as an error and, if the schedule called, tries again. */
export async function handler(
  event: Tick | RestEvent,
  context: InvocationContext,
): Promise<readonly Ticked[] | RestAnswer> {
  opened ??= open()
  const { runs, metrics } = await opened.catch((error: unknown) => {
    opened = null
    throw error
  })
  const signal = AbortSignal.timeout(Math.max(context.getRemainingTimeInMillis() - LAST_MS, 1))
  if (!('kind' in event)) return await answer(event, { runs, metrics, signal })
  const ticked = await runs.tick(event.time, signal)
  print(JSON.stringify({ tick: event.time, ticked }))
  return ticked
}

async function open(): Promise<OpenRuns> {
  const job = readFileSync(JOBS.find(existsSync) ?? 'job.py', 'utf8')
  const clock = createSystemClock()
  const onFailed = (run: string, reason: string): void => {
    print(toFailureLine(clock.now(), run, reason))
  }
  return await openRuns({ environment: process.env, directory: HERE, job, clock, onFailed })
}

/** A line of the log. */
function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
