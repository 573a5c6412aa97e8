/**
 * How SQL finds the window of an instant, by integers alone: a regular window is counted off in
 * its unit, from the epoch or from a Monday, in local time. Where clocks change, windows are not
 * regular; they are few, and stand in a table.
 *
 * A segment is a run of instants that share a rule: an offset from UTC to count with, or the one
 * window that holds them all. Segments are what model/window.ts says, asked where it changes.
 */
import type { Interval, WindowSpec } from '../../model/window.ts'
import { createWindowing } from '../../model/window.ts'
import type { Zone } from '../../model/zone.ts'
import { openZone } from '../../model/zone.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../std/units.ts'

export type WindowRule =
  /** Everything is in one window; without bounds of `all`. */
  | { readonly kind: 'one'; readonly start: number | null; readonly end: number | null }
  /** `start = t - (t + anchorMs) mod unitMs`; the anchor is 0 but for weeks. */
  | { readonly kind: 'regular'; readonly unitMs: number; readonly anchorMs: number }
  | {
      readonly kind: 'segments'
      readonly unitMs: number
      readonly anchorMs: number
      /** In order of time, without gaps, over the whole range. */
      readonly segments: readonly Segment[]
    }

export interface Segment {
  readonly fromMs: number
  readonly toMs: number
  readonly offsetMs: number
  /** The window of all its instants; null: they are counted off with the offset. */
  readonly window: Interval | null
}

export interface TimeRange {
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
}

/** 1970-01-01 was a Thursday, three days after a Monday. */
const MONDAY_MS = 3 * DAY_MS
const UNITS = {
  minute: { unitMs: MINUTE_MS, anchorMs: 0 },
  hour: { unitMs: HOUR_MS, anchorMs: 0 },
  day: { unitMs: DAY_MS, anchorMs: 0 },
  week: { unitMs: 7 * DAY_MS, anchorMs: MONDAY_MS },
  /** Longer than any month: none is regular. */
  month: { unitMs: 400 * DAY_MS, anchorMs: 0 },
} as const

/** The rule for instants within `range`. `whole`: what `all` covers; null: everything. */
export function toWindowRule(
  spec: WindowSpec,
  range: TimeRange,
  whole: TimeRange | null,
): WindowRule {
  if (spec.kind === 'all') {
    return { kind: 'one', start: whole?.fromMs ?? null, end: whole?.toMs ?? null }
  }
  if (spec.kind === 'fixed') return { kind: 'regular', unitMs: spec.durationMs, anchorMs: 0 }
  const unit = UNITS[spec.kind]
  if (spec.zone === 'UTC' && spec.kind !== 'month') return { kind: 'regular', ...unit }
  return { kind: 'segments', ...unit, segments: findSegments(spec, range) }
}

function findSegments(
  spec: Extract<WindowSpec, { zone: string }>,
  range: TimeRange,
): readonly Segment[] {
  const windowOf = createWindowing(spec)
  const zone = openZone(spec.zone)
  const segments: Segment[] = []
  let fromMs = range.fromMs
  while (fromMs < range.toMs) {
    const segment = segmentAt(fromMs, { window: windowOf(fromMs), zone, ...UNITS[spec.kind] })
    const last = segments.at(-1)
    // The zone's own runs are cut at years; the rule goes on.
    if (last?.window === null && segment.window === null && last.offsetMs === segment.offsetMs) {
      segments[segments.length - 1] = { ...last, toMs: segment.toMs }
    } else segments.push(segment)
    fromMs = segment.toMs
  }
  return segments
}

interface Here {
  readonly window: Interval
  readonly zone: Zone
  readonly unitMs: number
  readonly anchorMs: number
}

/** The longest segment that begins at an instant and is sure to have one rule. */
function segmentAt(fromMs: number, { window, zone, unitMs, anchorMs }: Here): Segment {
  const run = zone.runAt(fromMs)
  const { offsetMs } = run
  const startOf = (timeMs: number): number => timeMs - modulo(timeMs + offsetMs + anchorMs, unitMs)
  if (window.start !== startOf(fromMs) || window.end - window.start !== unitMs) {
    return { fromMs, toMs: window.end, offsetMs, window }
  }
  // Every window that ends within the run is regular too.
  return { fromMs, toMs: Math.max(window.end, startOf(run.end)), offsetMs, window: null }
}

/** Of a negative number, too, within 0..unit. */
function modulo(value: number, unit: number): number {
  return ((value % unit) + unit) % unit
}
