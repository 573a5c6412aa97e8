/** Instants as people read them, in the zone of the metric that they belong to. */

const LOCALE = 'en-GB'

export interface TimeText {
  /** `14:05` */
  minute(atMs: number): string
  /** `14:05:09` */
  second(atMs: number): string
  /** `Mon 23 Nov 2026` */
  day(atMs: number): string
  /** `23 Nov` */
  dayShort(atMs: number): string
}

/** Texts for an IANA zone; for one that this browser does not know, those of UTC. */
export function createTimeText(zone: string): TimeText {
  const timeZone = isZone(zone) ? zone : 'UTC'
  const format = (options: Intl.DateTimeFormatOptions): ((atMs: number) => string) => {
    const formatter = new Intl.DateTimeFormat(LOCALE, { timeZone, hourCycle: 'h23', ...options })
    return atMs => formatter.format(atMs).replaceAll(',', '')
  }
  const time = { hour: '2-digit', minute: '2-digit' } as const
  return {
    minute: format(time),
    second: format({ ...time, second: '2-digit' }),
    day: format({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }),
    dayShort: format({ day: 'numeric', month: 'short' }),
  }
}

/** Milliseconds of an instant on the wire: RFC 3339 text or a number; null for anything else. */
export function toInstant(value: unknown): number | null {
  const atMs = typeof value === 'string' ? Date.parse(value) : value
  return typeof atMs === 'number' && Number.isFinite(atMs) && atMs >= 0 ? atMs : null
}

/** `2026-11-23T14:05:09Z`, as questions want it. */
export function toWireTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat(LOCALE, { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** A length of time in its largest unit: `45 s`, `2.5 min`, `7 h`, `6.9 days`. */
export function toLengthText(seconds: number): string {
  const [unit, size] =
    LENGTH_UNITS.find(([, unitSeconds]) => seconds >= unitSeconds) ?? (['s', 1] as const)
  const value = seconds / size
  const text = value >= 10 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1)
  return `${text}\u202f${unit}`
}

const LENGTH_UNITS = [
  ['days', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const
