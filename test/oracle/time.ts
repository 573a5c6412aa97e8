/**
 * Timestamps as the oracle reads them: with Date.parse, once the form and the calendar are right.
 */

const FORM = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/
const FIRST_MS = -62_135_596_800_000 // 0001-01-01T00:00:00.000Z
const LAST_MS = 253_402_300_799_999 // 9999-12-31T23:59:59.999Z

/**
 * Milliseconds since the epoch, finer digits cut off; null for what is no instant of years 1..9999.
 */
export function readTime(text: string): number | null {
  const [, date = '', time = '', fraction = '', offset = ''] = FORM.exec(text) ?? []
  // A day that does not exist, an hour 24, a second 60: Date.parse refuses or changes it.
  const local = Date.parse(`${date}T${time}Z`)
  if (Number.isNaN(local)) return null
  if (new Date(local).toISOString() !== `${date}T${time}.000Z`) return null
  const sign = offset.startsWith('-') ? 1 : -1
  const [hours = 0, minutes = 0] = offset === 'Z' ? [] : offset.slice(1).split(':').map(Number)
  const milliseconds = Number(`${fraction}000`.slice(0, 3))
  const timeMs = local + sign * (hours * 60 + minutes) * 60_000 + milliseconds
  return timeMs >= FIRST_MS && timeMs <= LAST_MS ? timeMs : null
}

/** `YYYY-MM-DDTHH:MM:SSZ`. */
export function toTimeText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z')
}
