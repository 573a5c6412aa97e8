/**
 * Windows by looking at the clock on the wall: what it shows is asked of Intl, instant by instant,
 * and where it changes is found by walking. Nothing is known here of offsets or transitions.
 */

export interface OracleWindow {
  /** Milliseconds since the epoch; end is exclusive. Both null: the window `all`. */
  readonly start: number | null
  readonly end: number | null
}

/** Finds the window of an instant, in milliseconds since the epoch. */
export type FindWindow = (timeMs: number) => OracleWindow

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const UNITS: { readonly [unit: string]: number } = {
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
}

/** `window` is minute, hour, day, week, month, all, or a fixed length such as '90s' or '6h'. */
export function findWindows(window: string, zone: string): FindWindow {
  if (window === 'all') return () => ({ start: null, end: null })
  if (window === 'minute' || window === 'hour')
    return remembered(timeMs => runOf(timeMs, window, zone))
  const fixed = /^(\d+)([smhd])$/.exec(window)
  if (fixed === null) return remembered(timeMs => datesOf(timeMs, window, zone))
  const lengthMs = Number(fixed[1]) * (UNITS[String(fixed[2])] ?? 0)
  return timeMs => {
    const start = Math.floor(timeMs / lengthMs) * lengthMs
    return { start, end: start + lengthMs }
  }
}

/** Windows do not overlap: one that was found and holds the instant is its window. */
function remembered(find: FindWindow): FindWindow {
  const found = new Map<number, OracleWindow[]>()
  return timeMs => {
    const near = found.get(Math.floor(timeMs / DAY_MS)) ?? []
    const known = near.find(window => holds(window, timeMs))
    if (known !== undefined) return known
    const window = find(timeMs)
    found.set(Math.floor(timeMs / DAY_MS), [...near, window])
    return window
  }
}

function holds(window: OracleWindow, timeMs: number): boolean {
  return (window.start ?? timeMs) <= timeMs && timeMs < (window.end ?? Number.POSITIVE_INFINITY)
}

/** The instants around this one at which the wall clock shows the same hour (minute) and offset. */
function runOf(timeMs: number, unit: 'minute' | 'hour', zone: string): OracleWindow {
  const face = faceOf(zone, unit)
  const second = Math.floor(timeMs / SECOND_MS) * SECOND_MS
  const shown = face(second)
  const isSame = (at: number): boolean => face(at) === shown
  const strideMs = unit === 'minute' ? SECOND_MS : MINUTE_MS
  const walk = (step: number): number => {
    let at = second
    while (isSame(at + step * strideMs)) at += step * strideMs
    while (isSame(at + step * SECOND_MS)) at += step * SECOND_MS
    return at
  }
  return { start: walk(-1), end: walk(1) + SECOND_MS }
}

/** The day, week or month with the latest first date that has begun by this instant. */
function datesOf(timeMs: number, unit: string, zone: string): OracleWindow {
  // A clock that went back over midnight shows a date again; no clock goes back by more than a day.
  let date = dateOf(zone)(timeMs) + 2 * DAY_MS
  while (startOfDate(firstDate(date, unit), zone) > timeMs) date -= DAY_MS
  const first = firstDate(date, unit)
  let next = first + DAY_MS
  while (firstDate(next, unit) === first) next += DAY_MS
  return { start: startOfDate(first, zone), end: startOfDate(next, zone) }
}

/**
 * The date on which the date's day, week (from Monday) or month begins. Dates are UTC midnights.
 */
function firstDate(date: number, unit: string): number {
  const at = new Date(date)
  if (unit === 'week') return date - ((at.getUTCDay() + 6) % 7) * DAY_MS
  return unit === 'month' ? date - (at.getUTCDate() - 1) * DAY_MS : date
}

const starts = new Map<string, number>()

/** The first instant at which the clock shows this date or a later one. */
function startOfDate(date: number, zone: string): number {
  const name = `${zone} ${date}`
  const known = starts.get(name)
  if (known !== undefined) return known
  const shown = dateOf(zone)
  // No zone is more than 16 hours from UTC, and no date is shown for less than a minute.
  let at = date - 16 * HOUR_MS
  while (shown(at) < date) at += MINUTE_MS
  while (shown(at - SECOND_MS) >= date) at -= SECOND_MS
  starts.set(name, at)
  return at
}

const faces = new Map<string, (timeMs: number) => string>()

/** What the clock on the wall shows down to the minute or hour, its offset from UTC included. */
function faceOf(zone: string, unit: 'minute' | 'hour'): (timeMs: number) => string {
  return once(faces, `${zone} ${unit}`, () => {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      ...(unit === 'minute' ? { minute: 'numeric' } : {}),
      timeZoneName: 'longOffset',
    })
    return timeMs => format.format(timeMs)
  })
}

const dates = new Map<string, (timeMs: number) => number>()

/** The date that the calendar on the wall shows, as the UTC midnight of that date. */
function dateOf(zone: string): (timeMs: number) => number {
  return once(dates, zone, () => {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      // Without it the day before the first year would be of the first year too.
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
    })
    return timeMs => {
      const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, value]))
      const year = Number(parts.get('year'))
      const [month, day] = [Number(parts.get('month')), Number(parts.get('day'))]
      return new Date(0).setUTCFullYear(parts.get('era') === 'BC' ? 1 - year : year, month - 1, day)
    }
  })
}

function once<Made>(made: Map<string, Made>, name: string, make: () => Made): Made {
  const known = made.get(name) ?? make()
  made.set(name, known)
  return known
}
