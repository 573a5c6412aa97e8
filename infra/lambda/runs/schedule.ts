/**
 * Which windows a tick of the schedule is about: the last hours or days that had closed by then,
 * with time for late events and for the lake. A tick that comes late, or twice, is about the same.
 */
import type { Interval } from '../../../src/model/window.ts'
import { createWindowing } from '../../../src/model/window.ts'
import { openZone } from '../../../src/model/zone.ts'

export type Every = 'hour' | 'day'

export interface ClosedWindow extends Interval {
  /** What its first run is called. */
  readonly run: string
}

export interface ScheduleOptions {
  readonly every: Every
  /** IANA zone of days and hours. */
  readonly zone: string
  /** How long after its end a window rests in the lake whole. */
  readonly settleMs: number
}

/** The newest first. `timeMs`: for when the tick was scheduled. */
export function findClosedWindows(
  timeMs: number,
  options: ScheduleOptions,
): readonly ClosedWindow[] {
  const { every, zone, settleMs } = options
  const windowing = createWindowing({ kind: every, zone })
  const windows: ClosedWindow[] = []
  let next = windowing(timeMs - settleMs)
  while (windows.length < LOOKED_AT[every]) {
    next = windowing(next.start - 1)
    windows.push({ ...next, run: toRunName(next, options) })
  }
  return windows
}

/** So often a window is tried, if need be; and so long a night may be without a visitor. */
const LOOKED_AT: { readonly [E in Every]: number } = { hour: 12, day: 3 }

/** Days by their local date; hours by UTC, since a local one may come twice. */
function toRunName({ start }: Interval, { every, zone }: ScheduleOptions): string {
  if (every === 'hour') {
    const text = new Date(start).toISOString()
    return `hour-${text.slice(0, 13)}${text.slice(14, 16)}Z`
  }
  const local = new Date(start + openZone(zone).runAt(start).offsetMs)
  return `day-${local.toISOString().slice(0, 10)}`
}

const NAME = /^(?:day-|hour-)\d{4}-\d\d-\d\d/

/** Names that the schedule gives: nobody else may. */
export function isScheduled(run: string): boolean {
  return NAME.test(run)
}

/** What the n-th run of a window is called, from 1. */
export function toNumbered(run: string, number: number): string {
  return number === 1 ? run : `${run}-r${number}`
}

/** Which run of the window it is, from 1; null: of another window. */
export function numberOf(name: string, window: ClosedWindow): number | null {
  if (name === window.run) return 1
  const [, number] = /^-r([1-9]\d{0,3})$/.exec(name.slice(window.run.length)) ?? []
  return name.startsWith(window.run) && number !== undefined ? Number(number) : null
}
