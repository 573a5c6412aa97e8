/** What a tick of the schedule does: each window that it is about, and what becomes of its run. */

import { toLakeViews } from '../../../src/engine/sql/sql.ts'
import { isFinal } from '../../../src/model/progress.ts'
import { parseTimestamp, toMillisecondText } from '../../../src/model/time.ts'
import { present, unreachable } from '../../../src/std/assert.ts'
import { Fault } from '../../../src/std/fault.ts'
import { readRun } from '../../../src/store/results/runs.ts'
import type { EarlierRun, SkipReason } from './decide.ts'
import { decide, decideByLake } from './decide.ts'
import type { LakeMark } from './lake-mark.ts'
import { markLake } from './lake-mark.ts'
import type { Asked } from './run-record.ts'
import { listRecords, putOnce, readRecord } from './run-record.ts'
import type { RunsWorld, RunView } from './run-steps.ts'
import { goOn, look, nameRun } from './run-steps.ts'
import type { ClosedWindow } from './schedule.ts'
import { findClosedWindows, numberOf, toNumbered } from './schedule.ts'

export type Ticked =
  | { readonly skipped: SkipReason; readonly window: string; readonly run: string | null }
  | { readonly skipped: null; readonly window: string; readonly run: RunView }

/** As `Runs.tick` says. */
export async function tick(
  world: RunsWorld,
  time: string,
  signal: AbortSignal,
): Promise<readonly Ticked[]> {
  const timeMs = parseTimestamp(time)
  if (timeMs === null) throw new Fault('CONFIG_INVALID', `tick '${time}' is no time of ISO 8601`)
  const ticked: Ticked[] = []
  for (const window of findClosedWindows(timeMs, world.schedule)) {
    ticked.push(await visit(world, { window, tick: time, isNewest: ticked.length === 0, signal }))
  }
  return ticked
}

interface Visit {
  readonly window: ClosedWindow
  readonly tick: string
  readonly isNewest: boolean
  readonly signal: AbortSignal
}

async function visit(world: RunsWorld, options: Visit): Promise<Ticked> {
  const { window, signal } = options
  const situation = { ...options, last: await findLast(world, window, signal) }
  let decision = decide(situation)
  let mark: LakeMark | null = null
  if (decision === null) {
    mark = await markLake(world.lake, toLakeViews(world.catalog), { window, signal })
    decision = decideByLake(situation, mark)
  }
  switch (decision.kind) {
    case 'skip':
      return { skipped: decision.why, window: window.run, run: decision.run }
    case 'resume': {
      const record = await readRecord(world.results, decision.run, signal)
      const { asked } = present(record, 'the record of a run that was found')
      return { skipped: null, window: window.run, run: await goOn(world, asked, signal) }
    }
    case 'start': {
      const asked = toScheduled(world, { ...options, number: decision.number, mark })
      const { run } = asked
      const stored = await putOnce(world.results, { run, kind: 'asked', signal }, asked)
      return { skipped: null, window: window.run, run: await goOn(world, stored, signal) }
    }
    default:
      return unreachable(decision)
  }
}

/** The newest run of a window. */
async function findLast(
  world: RunsWorld,
  window: ClosedWindow,
  signal: AbortSignal,
): Promise<EarlierRun | null> {
  const names = await listRecords(world.results, window.run, signal)
  const numbers = names.map(name => numberOf(name, window)).filter(number => number !== null)
  if (numbers.length === 0) return null
  const number = Math.max(...numbers)
  const run = toNumbered(window.run, number)
  const record = present(await readRecord(world.results, run, signal), 'a record that is listed')
  const { state } = await look(world, record, signal)
  const { tick: asker, mark } = record.asked
  return {
    run,
    number,
    tick: asker ?? '',
    mark: mark ?? { files: 0, digest: '', later_files: 0 },
    state,
    isFinal: state === 'published' && (await isClosedFor(world, run, window)),
  }
}

/** Whether the run answers for the window: the lake had come past it, and past every grace. */
async function isClosedFor(world: RunsWorld, run: string, { end }: ClosedWindow): Promise<boolean> {
  const manifest = await readRun(world.results, run)
  const graceMs = Math.max(...world.plans.map(plan => plan.graceMs))
  return isFinal(end, graceMs, manifest?.progress ?? null)
}

interface ScheduledRun {
  readonly window: ClosedWindow
  readonly number: number
  readonly tick: string
  readonly mark: LakeMark | null
}

function toScheduled(world: RunsWorld, { window, number, tick, mark }: ScheduledRun): Asked {
  const [from, to] = [toMillisecondText(window.start), toMillisecondText(window.end)]
  const range = { from, to, bounds: { from, to } }
  const metrics = world.plans.map(plan => plan.name)
  return { ...nameRun(world, toNumbered(window.run, number)), ...range, metrics, tick, mark }
}
