/**
 * Times in cells and in events: a closed list of forms, each turned into RFC 3339. A text that is
 * not exactly of its form, or that names no real instant, gives null.
 */
import { SECOND_MS } from '../std/units.ts'
import { parseTimestamp, TIME_MS_MAX, TIME_MS_MIN, toMillisecondText } from './time.ts'
import { isZone, openZone, toInstant } from './zone.ts'

/** Reads a cell to an RFC 3339 text, or null. */
export type TimeReader = (cell: string) => string | null

export type Pattern = 'rfc3339' | 'epoch_s' | 'epoch_ms' | readonly Token[]

/** What a field means, however it is written. */
type Meaning =
  | 'year'
  | 'month'
  | 'day'
  | 'hour'
  | 'halfHour'
  | 'half'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'offset'

/** A field with the form of its cell, or text that stands in the cell as it is. */
export type Token =
  | { readonly kind: 'field'; readonly meaning: Meaning; readonly form: string }
  | { readonly kind: 'literal'; readonly text: string }

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** By letters, which are those of Unicode (UTS 35, part 4, "Date Field Symbols"). */
const FIELDS: ReadonlyMap<string, Meaning> = new Map([
  ['yyyy', 'year'],
  ['yy', 'year'],
  ['MMM', 'month'],
  ['MM', 'month'],
  ['M', 'month'],
  ['dd', 'day'],
  ['d', 'day'],
  ['HH', 'hour'],
  ['H', 'hour'],
  ['hh', 'halfHour'],
  ['h', 'halfHour'],
  ['a', 'half'],
  ['mm', 'minute'],
  ['m', 'minute'],
  ['ss', 'second'],
  ['s', 'second'],
  ['xxx', 'offset'],
  ['xx', 'offset'],
])
/** Those whose cells are not just as many digits as letters. */
const FORMS: ReadonlyMap<string, string> = new Map([
  ['MMM', `(?i:${MONTHS.join('|')})`],
  ['a', '(?i:am|pm)'],
  ['xxx', '[+-]\\d\\d:\\d\\d'],
  ['xx', '[+-]\\d{4}'],
])
const FRACTION = /^S{1,9}$/
const TOKEN = /([A-Za-z])\1*|'((?:[^']|'')*)'|[^A-Za-z']/gy
const EPOCH_S = /^(\d{1,12})(?:\.(\d{1,9}))?$/
const EPOCH_MS = /^\d{1,15}$/
const OFFSET = /^[+-]([01]\d|2[0-3]):[0-5]\d$/

/** What a pattern may be, and a zone, for messages. */
export const TIME_PATTERN_RULE: string =
  'use rfc3339, epoch_s, epoch_ms, or fields as in yyyy-MM-dd HH:mm:ss, d/M/yyyy h:mm a; ' +
  'letters that stand as they are go into single quotes'
export const TIME_ZONE_RULE = "use 'UTC', an offset as '+05:30', or a zone as 'Europe/Berlin'"

/** Whether `parsePattern` reads the text. */
export function isTimePattern(text: string): boolean {
  return parsePattern(text) !== null
}

/** Whether `createTimeReader` takes the zone. */
export function isTimeZone(zone: string): boolean {
  return OFFSET.test(zone) || isZone(zone)
}

/** `zone` is a zone's name or an offset such as `+05:30`, and of use to patterns of fields only. */
export function createTimeReader(pattern: Pattern, zone: string): TimeReader {
  switch (pattern) {
    case 'rfc3339':
      return cell => (parseTimestamp(cell) === null ? null : cell)
    case 'epoch_s':
      return readEpochSeconds
    case 'epoch_ms':
      return cell => (EPOCH_MS.test(cell) ? toInstantText(Number(cell)) : null)
    default:
      return createFieldReader(pattern, zone)
  }
}

/**
 * Reads a pattern; null where it is none: letters that are no field, a meaning twice, no date, half
 * a day without its hour, or digits whose ends nobody can tell.
 */
export function parsePattern(text: string): Pattern | null {
  if (text === 'rfc3339' || text === 'epoch_s' || text === 'epoch_ms') return text
  const matches = [...text.matchAll(TOKEN)].map(match => match[0])
  const tokens = matches.map(toToken)
  if (matches.join('') !== text || !areFields(tokens)) return null
  const meanings = tokens.flatMap(token => (token.kind === 'field' ? [token.meaning] : []))
  const has = (meaning: Meaning): boolean => meanings.includes(meaning)
  const isWhole = has('year') && has('month') && has('day')
  const isClock = has('half') === has('halfHour') && !(has('hour') && has('halfHour'))
  const isOnce = new Set(meanings).size === meanings.length
  return isWhole && isClock && isOnce && tokens.every(endsSurely) ? tokens : null
}

function areFields(tokens: readonly (Token | null)[]): tokens is Token[] {
  return !tokens.includes(null)
}

function toToken(text: string): Token | null {
  if (!/^[A-Za-z]/.test(text)) {
    const isQuoted = text.startsWith("'")
    return { kind: 'literal', text: isQuoted ? text.slice(1, -1).replaceAll("''", "'") : text }
  }
  const meaning = FRACTION.test(text) ? 'fraction' : FIELDS.get(text)
  if (meaning === undefined) return null
  const digits = text.length === 1 && meaning !== 'fraction' ? '{1,2}' : `{${text.length}}`
  return { kind: 'field', meaning, form: FORMS.get(text) ?? `\\d${digits}` }
}

/** A digit or two have to be followed by what is no digit. */
function endsSurely(token: Token, index: number, tokens: readonly Token[]): boolean {
  if (token.kind !== 'field' || !token.form.endsWith('{1,2}')) return true
  const next = tokens[index + 1]
  if (next === undefined) return true
  return next.kind === 'literal' ? !/^\d/.test(next.text) : !next.form.startsWith('\\d')
}

function createFieldReader(tokens: readonly Token[], zone: string): TimeReader {
  const source = tokens.map(token =>
    token.kind === 'field' ? `(?<${token.meaning}>${token.form})` : toLiteral(token.text),
  )
  const form = new RegExp(`^${source.join('')}$`)
  const place = createPlacer(zone)
  return cell => {
    const parts = form.exec(cell)?.groups
    if (parts === undefined) return null
    const hour = parts['half'] === undefined ? parts['hour'] : toHour(parts)
    if (hour === null) return null
    const time = [hour, parts['minute'], parts['second']].map(part => toTwo(part ?? '0')).join(':')
    const fraction = parts['fraction'] === undefined ? '' : `.${parts['fraction']}`
    const local = `${toYear(parts)}-${toMonth(parts)}-${toTwo(parts['day'])}T${time}${fraction}`
    return place(local, parts['offset'])
  }
}

type Parts = Readonly<Record<string, string | undefined>>

/** Two digits are of this century. */
function toYear({ year = '' }: Parts): string {
  return year.length === 2 ? `20${year}` : year
}

function toMonth({ month = '' }: Parts): string {
  const index = MONTHS.indexOf(month.toLowerCase())
  return toTwo(index === -1 ? month : String(index + 1))
}

/** Of a clock of twelve hours, where 12 comes before 1; null where there is no such hour. */
function toHour({ halfHour, half }: Parts): string | null {
  const hour = Number(halfHour)
  if (hour < 1 || hour > 12) return null
  return String((hour % 12) + (half?.toLowerCase() === 'pm' ? 12 : 0))
}

function toTwo(digits = ''): string {
  return digits.padStart(2, '0')
}

/** Gives an RFC 3339 text for a local time, or null where it is no time. */
type Placer = (local: string, offset: string | undefined) => string | null

/** The offset of a cell goes before that of the file. */
function createPlacer(zone: string): Placer {
  const checked = (text: string): string | null => (parseTimestamp(text) === null ? null : text)
  const suffix = zone === 'UTC' ? 'Z' : zone
  if (zone === 'UTC' || OFFSET.test(zone)) {
    return (local, offset) => checked(`${local}${offset === undefined ? suffix : toOffset(offset)}`)
  }
  const opened = openZone(zone)
  return (local, offset) => {
    if (offset !== undefined) return checked(`${local}${toOffset(offset)}`)
    const localMs = parseTimestamp(`${local}Z`)
    return localMs === null ? null : toInstantText(toInstant(opened, localMs))
  }
}

/** `+0530` with its colon. */
function toOffset(offset: string): string {
  return offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset
}

function toLiteral(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

/** Digits past the milliseconds are cut off, as in event times. */
function readEpochSeconds(cell: string): string | null {
  const match = EPOCH_S.exec(cell)
  if (match === null) return null
  const milliseconds = Number((match[2] ?? '').padEnd(3, '0').slice(0, 3))
  return toInstantText(Number(match[1]) * SECOND_MS + milliseconds)
}

function toInstantText(timeMs: number): string | null {
  return timeMs >= TIME_MS_MIN && timeMs <= TIME_MS_MAX ? toMillisecondText(timeMs) : null
}
