/**
 * Runs of Spark over the lake: who asks for them, the schedule or a person, and how they are. What
 * is done about one run is in run-steps.ts, what a tick of the schedule does in tick.ts.
 */

import { toLakeViews } from '../../../src/engine/sql/sql.ts'
import { toMillisecondText } from '../../../src/model/time.ts'
import { Fault } from '../../../src/std/fault.ts'
import { DAY_MS } from '../../../src/std/units.ts'
import { toStamp } from './compile.ts'
import { findFirstDate } from './lake-mark.ts'
import type { Wanted } from './request.ts'
import type { Asked } from './run-record.ts'
import { putOnce, readRecord } from './run-record.ts'
import type { RunsWorld, RunView } from './run-steps.ts'
import { goOn, look, nameRun } from './run-steps.ts'
import type { Ticked } from './tick.ts'
import { tick } from './tick.ts'

export interface Runs {
  /**
   * Does what a tick of the schedule is for; `time` is ISO 8601, when it was scheduled. What was
   * done about each window, the newest first. Throws SPARK_FAILED where a job was refused,
   * SPARK_UNAVAILABLE and OBJECTS_UNAVAILABLE where the same tick is to come again.
   */
  tick(time: string, signal: AbortSignal): Promise<readonly Ticked[]>
  /** Asks for a run. `conflict`: there is one of that name that counts something else. */
  ask(wanted: Wanted, signal: AbortSignal): Promise<RunView | 'conflict'>
  /** null: there is none. */
  look(run: string, signal: AbortSignal): Promise<RunView | null>
}

export function createRuns(world: RunsWorld): Runs {
  return {
    tick: (time, signal) => tick(world, time, signal),
    ask: async (wanted, signal) => {
      const asked = await toAsked(world, wanted, signal)
      const { run } = asked
      const stored = await putOnce(world.results, { run, kind: 'asked', signal }, asked)
      return isSameAsk(stored, asked) ? await goOn(world, stored, signal) : 'conflict'
    },
    look: async (run, signal) => {
      const record = await readRecord(world.results, run, signal)
      return record === null ? null : await look(world, record, signal)
    },
  }
}

/** Throws LAKE_UNREADABLE where all of the lake is asked for, and it is empty. */
async function toAsked(world: RunsWorld, wanted: Wanted, signal: AbortSignal): Promise<Asked> {
  const nowMs = world.clock.now()
  const run = wanted.run ?? `${toStamp(toMillisecondText(nowMs))}-spark`
  const bounds = wanted.range ?? (await findBounds(world, nowMs, signal))
  const [from, to] = [toMillisecondText(bounds.fromMs), toMillisecondText(bounds.toMs)]
  const isWhole = wanted.range === null
  return {
    ...nameRun(world, run),
    from: isWhole ? null : from,
    to: isWhole ? null : to,
    metrics: wanted.metrics,
    bounds: { from, to },
    tick: null,
    mark: null,
  }
}

/** Events may be ahead of their arrival by as much as the config allows. */
async function findBounds(
  { lake, catalog, places }: RunsWorld,
  nowMs: number,
  signal: AbortSignal,
): Promise<{ readonly fromMs: number; readonly toMs: number }> {
  const fromMs = await findFirstDate(lake, toLakeViews(catalog), signal)
  if (fromMs !== null) return { fromMs, toMs: nowMs + catalog.futureSkewMs + DAY_MS }
  throw new Fault(
    'LAKE_UNREADABLE',
    `there is no lake at ${places.lake}: no Parquet file lies under events/`,
  )
}

function isSameAsk(left: Asked, right: Asked): boolean {
  const isSameRange = left.from === right.from && left.to === right.to
  return isSameRange && left.metrics.join(' ') === right.metrics.join(' ')
}
