/**
 * Windows: half-open intervals of time that partition the time line, in milliseconds since
 * 1970-01-01T00:00:00Z.
 *
 * A minute or an hour is a maximal run of instants with one local date, hour (and minute) and UTC
 * offset. A day starts at the first instant whose local date is that day's or later, and ends where
 * the next one starts, so it has 23, 24 or 25 hours, and half-hour shifts come out right. Weeks
 * start on Monday. Fixed windows are counted from the epoch.
 */
import { unreachable } from '../std/assert.ts'
import { Fault } from '../std/fault.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, parseDuration } from '../std/units.ts'
import type { CalendarWindow, FixedWindow } from './metric.ts'
import type { Zone } from './zone.ts'
import { openZone } from './zone.ts'

export type WindowSpec =
  | { readonly kind: 'minute' | 'hour' | 'day' | 'week' | 'month'; readonly zone: string }
  | { readonly kind: 'fixed'; readonly durationMs: number }
  | { readonly kind: 'all' }

/** The one window of `all`; it has no start and no end on the wire. */
export const ALL_WINDOW: Interval = {
  start: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
}

export interface Interval {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** Finds the window that holds an instant, given in whole milliseconds. */
export type Windowing = (timeMs: number) => Interval

const FIXED_MS_MIN = 1000
/** No window is longer, but for the one of all time. */
export const WINDOW_MS_MAX: number = 366 * DAY_MS

/** Throws CONFIG_INVALID for an unknown window or zone, naming `metric`. */
export function toWindowSpec(
  window: CalendarWindow | FixedWindow,
  zone: string,
  metric: string,
): WindowSpec {
  switch (window) {
    case 'all':
      return { kind: 'all' }
    case 'minute':
    case 'hour':
    case 'day':
    case 'week':
    case 'month':
      openZone(zone)
      return { kind: window, zone }
    default: {
      const durationMs = parseDuration(window, `window of metric '${metric}'`)
      if (durationMs < FIXED_MS_MIN || durationMs > WINDOW_MS_MAX) {
        throw new Fault('CONFIG_INVALID', `window of metric '${metric}' is not within 1s and 366d`)
      }
      return { kind: 'fixed', durationMs }
    }
  }
}

export function createWindowing(spec: WindowSpec): Windowing {
  switch (spec.kind) {
    case 'all':
      return () => ALL_WINDOW
    case 'fixed':
      return timeMs => fixedWindow(timeMs, spec.durationMs)
    case 'minute':
      return withZone(spec.zone, (timeMs, zone) => runWindow(timeMs, zone, MINUTE_MS))
    case 'hour':
      return withZone(spec.zone, (timeMs, zone) => runWindow(timeMs, zone, HOUR_MS))
    case 'day':
      return withZone(spec.zone, (timeMs, zone) => dateWindow(timeMs, zone, toDay, nextDay))
    case 'week':
      return withZone(spec.zone, (timeMs, zone) => dateWindow(timeMs, zone, toMonday, nextWeek))
    case 'month':
      return withZone(spec.zone, (timeMs, zone) => dateWindow(timeMs, zone, toFirst, nextMonth))
    default:
      return unreachable(spec)
  }
}

function withZone(name: string, find: (timeMs: number, zone: Zone) => Interval): Windowing {
  const zone = openZone(name)
  return timeMs => find(timeMs, zone)
}

function fixedWindow(timeMs: number, durationMs: number): Interval {
  const start = Math.floor(timeMs / durationMs) * durationMs
  return { start, end: start + durationMs }
}

/** The part of one local minute or hour that has one offset. */
function runWindow(timeMs: number, zone: Zone, unitMs: number): Interval {
  const run = zone.runAt(timeMs)
  const start = Math.floor((timeMs + run.offsetMs) / unitMs) * unitMs - run.offsetMs
  return { start: Math.max(start, run.start), end: Math.min(start + unitMs, run.end) }
}

/** Local dates are counted in days from 1970-01-01. */
function dateWindow(
  timeMs: number,
  zone: Zone,
  toStart: (day: number) => number,
  toNext: (day: number) => number,
): Interval {
  const run = zone.runAt(timeMs)
  let startDay = toStart(Math.floor((timeMs + run.offsetMs) / DAY_MS))
  // Clocks that went back over midnight show an earlier date again: the later one has begun.
  while (zone.dayStart(toNext(startDay)) <= timeMs) startDay = toNext(startDay)
  return { start: zone.dayStart(startDay), end: zone.dayStart(toNext(startDay)) }
}

const toDay = (day: number): number => day
const nextDay = (day: number): number => day + 1
/** 1970-01-01 was a Thursday, three days after a Monday. */
const toMonday = (day: number): number => day - ((((day + 3) % 7) + 7) % 7)
const nextWeek = (day: number): number => day + 7

function toFirst(day: number): number {
  const date = new Date(day * DAY_MS)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY_MS
}

function nextMonth(day: number): number {
  const date = new Date(day * DAY_MS)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / DAY_MS
}
