/**
 * Time zones as what they are: a list of runs of instants, each with one offset from UTC. The runs
 * are found by asking the runtime's own zone data (Intl), lazily and once per year.
 */
import { present } from '../std/assert.ts'
import { Fault, isFault } from '../std/fault.ts'
import { DAY_MS, HOUR_MS, SECOND_MS } from '../std/units.ts'

/** A maximal run of instants with one UTC offset; cut, if at all, a day or more away. */
export interface OffsetRun {
  readonly start: number
  readonly end: number
  readonly offsetMs: number
}

export interface Zone {
  readonly name: string
  /** The run that holds an instant within years 1..9999. */
  runAt(timeMs: number): OffsetRun
  /** The first instant whose local date is `day` (days from 1970-01-01) or later. */
  dayStart(day: number): number
}

const zones = new Map<string, Zone>()
const PROBE_STEP_MS = DAY_MS
/** No zone is further from UTC. */
const OFFSET_MS_MAX = 26 * HOUR_MS

/** Opens a zone by its IANA name, `UTC` included. Throws CONFIG_INVALID for one that is unknown. */
export function openZone(name: string): Zone {
  const known = zones.get(name)
  if (known !== undefined) return known
  const zone = name === 'UTC' ? UTC : createZone(name)
  zones.set(name, zone)
  return zone
}

const UTC: Zone = {
  name: 'UTC',
  runAt: () => ({ start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY, offsetMs: 0 }),
  dayStart: day => day * DAY_MS,
}

function createZone(name: string): Zone {
  const offsetAt = createOffsetReader(name)
  const runsByYear = new Map<number, readonly OffsetRun[]>()
  let last: OffsetRun = { start: 0, end: 0, offsetMs: 0 }
  // Where `last` may answer: in its own year only, since in the next it is cut a day in.
  let lastFrom = 0
  let lastTo = 0

  const runAt = (timeMs: number): OffsetRun => {
    if (timeMs >= lastFrom && timeMs < lastTo) return last
    const year = new Date(timeMs).getUTCFullYear()
    let runs = runsByYear.get(year)
    if (runs === undefined) {
      // A day more on both sides, so that no run is cut where a window may reach.
      runs = findRuns(startOfYear(year) - DAY_MS, startOfYear(year + 1) + DAY_MS, offsetAt)
      runsByYear.set(year, runs)
    }
    last = present(
      runs.find(run => timeMs < run.end),
      'the run of an instant of its year',
    )
    lastFrom = Math.max(last.start, startOfYear(year))
    lastTo = Math.min(last.end, startOfYear(year + 1))
    return last
  }

  const dayStart = (day: number): number => {
    // The runs that can touch this local midnight, in order of time.
    const midnight = day * DAY_MS
    let time = midnight - OFFSET_MS_MAX
    while (true) {
      const run = runAt(time)
      const candidate = Math.max(midnight - run.offsetMs, time)
      if (candidate < run.end) return candidate
      time = run.end
    }
  }
  return { name, runAt, dayStart }
}

/** Whether `openZone` knows the name. */
export function isZone(name: string): boolean {
  try {
    openZone(name)
    return true
  } catch (error) {
    if (isFault(error, 'CONFIG_INVALID')) return false
    throw error
  }
}

/**
 * The instant of a local time, which is given as if it were one of UTC, within years 1..9999. One
 * that happens twice is the first of the two; one that clocks leap over is as long after the leap
 * as it is into it: "compatible", as ECMA-262's Temporal and java.time read it.
 */
export function toInstant(zone: Zone, localMs: number): number {
  let run = zone.runAt(localMs - OFFSET_MS_MAX)
  while (localMs - run.offsetMs >= run.end) {
    const next = zone.runAt(run.end)
    if (localMs - next.offsetMs < next.start) break
    run = next
  }
  return localMs - run.offsetMs
}

function startOfYear(year: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, 0, 1)
  return date.getTime()
}

/** Runs within [start, end), by probing every day and halving where the offset differs. */
function findRuns(
  start: number,
  end: number,
  offsetAt: (timeMs: number) => number,
): readonly OffsetRun[] {
  const runs: OffsetRun[] = []
  let runStart = start
  let offsetMs = offsetAt(start)
  for (let probe = start; probe < end; probe += PROBE_STEP_MS) {
    const next = Math.min(probe + PROBE_STEP_MS, end - 1)
    if (offsetAt(next) === offsetMs) continue
    const change = findChange(probe, next, offsetMs, offsetAt)
    runs.push({ start: runStart, end: change, offsetMs })
    runStart = change
    offsetMs = offsetAt(next)
  }
  runs.push({ start: runStart, end, offsetMs })
  return runs
}

/** The first instant after `low` whose offset is not `offsetMs`; `high` has another one. */
function findChange(
  low: number,
  high: number,
  offsetMs: number,
  offsetAt: (timeMs: number) => number,
): number {
  let before = low
  let after = high
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (offsetAt(middle) === offsetMs) before = middle
    else after = middle
  }
  return after
}

function createOffsetReader(name: string): (timeMs: number) => number {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (cause) {
    throw new Fault(
      'CONFIG_INVALID',
      `zone '${name}' is unknown; use an IANA name, as 'Europe/Berlin'`,
      {
        cause,
      },
    )
  }
  return timeMs => {
    const whole = Math.floor(timeMs / SECOND_MS) * SECOND_MS
    const parts: Record<string, string> = {}
    for (const part of format.formatToParts(whole)) parts[part.type] = part.value
    const year = Number(parts['year'])
    const local = new Date(0)
    local.setUTCFullYear(
      parts['era'] === 'BC' ? 1 - year : year,
      Number(parts['month']) - 1,
      Number(parts['day']),
    )
    local.setUTCHours(Number(parts['hour']), Number(parts['minute']), Number(parts['second']))
    return local.getTime() - whole
  }
}
