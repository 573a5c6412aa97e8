/** Times on the wire and on the command line. */

/** Instants that events may have: years 1 to 9999, UTC. */
export const TIME_MS_MIN: number = Date.parse('0001-01-01T00:00:00.000Z')
export const TIME_MS_MAX: number = Date.parse('9999-12-31T23:59:59.999Z')

const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/
const DATE = /^\d{4}-\d\d-\d\d$/

/**
 * Reads an RFC 3339 date-time to milliseconds since the epoch, digits past the milliseconds cut
 * off; null where it is not one, names no real instant (30 February, 24:00, a leap second), or lies
 * outside years 1..9999 in UTC.
 */
export function parseTimestamp(text: string): number | null {
  const match = RFC3339.exec(text)
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return null
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCDate() !== day) return null
  const offsetHours = Number(match[9] ?? 0)
  const offsetMinutes = Number(match[10] ?? 0)
  if (offsetHours > 23 || offsetMinutes > 59) return null
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes)
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  date.setUTCHours(hour, minute - offset, second, milliseconds)
  const timeMs = date.getTime()
  return timeMs >= TIME_MS_MIN && timeMs <= TIME_MS_MAX ? timeMs : null
}

/**
 * Reads what a person writes for a bound: an RFC 3339 date-time, or a date for its UTC midnight.
 */
export function parseBound(text: string): number | null {
  return parseTimestamp(DATE.test(text) ? `${text}T00:00:00Z` : text)
}

/** `YYYY-MM-DDTHH:MM:SSZ`; of windows, which begin and end on whole seconds. */
export function toSecondText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`
}

/** `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
export function toMillisecondText(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
