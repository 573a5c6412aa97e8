/**
 * Times in cells and in events: a closed list of forms, each turned into RFC 3339. A text that is
 * not exactly of its form, or that names no real instant, gives null.
 */

import { SECOND_MS } from '../std/units.ts'
import { parseTimestamp, TIME_MS_MAX, TIME_MS_MIN, toMillisecondText } from './time.ts'

/** Reads a cell to an RFC 3339 text, or null. */
export type TimeReader = (cell: string) => string | null

export type Pattern = 'rfc3339' | 'epoch_s' | 'epoch_ms' | readonly Token[]

type Field = 'yyyy' | 'MM' | 'dd' | 'HH' | 'mm' | 'ss' | 'SSS'

/** A field of as many digits as its name has letters, or text that stands in the cell as it is. */
export type Token =
  | { readonly kind: 'field'; readonly field: Field }
  | { readonly kind: 'literal'; readonly text: string }

const TOKEN = /yyyy|MM|dd|HH|mm|ss|SSS|'((?:[^']|'')*)'|[^A-Za-z']/gy
const DATE_FIELDS: readonly Field[] = ['yyyy', 'MM', 'dd']
const EPOCH_S = /^(\d{1,12})(?:\.(\d{1,9}))?$/
const EPOCH_MS = /^\d{1,15}$/

/** `zone` is `UTC` or an offset such as `+05:30`, and of use to patterns of fields only. */
export function createTimeReader(pattern: Pattern, zone: string): TimeReader {
  switch (pattern) {
    case 'rfc3339':
      return cell => (parseTimestamp(cell) === null ? null : cell)
    case 'epoch_s':
      return readEpochSeconds
    case 'epoch_ms':
      return cell => (EPOCH_MS.test(cell) ? toInstantText(Number(cell)) : null)
    default:
      return createFieldReader(pattern, zone === 'UTC' ? 'Z' : zone)
  }
}

/** Reads a pattern; null where it is none: unknown letters, a field twice, or no date. */
export function parsePattern(text: string): Pattern | null {
  if (text === 'rfc3339' || text === 'epoch_s' || text === 'epoch_ms') return text
  const matches = [...text.matchAll(TOKEN)]
  if (matches.map(match => match[0]).join('') !== text) return null
  const tokens = matches.map(match => toToken(match[0]))
  const fields = tokens.flatMap(token => (token.kind === 'field' ? [token.field] : []))
  const isWhole = DATE_FIELDS.every(field => fields.includes(field))
  return isWhole && new Set(fields).size === fields.length ? tokens : null
}

function toToken(text: string): Token {
  if (/^[A-Za-z]/.test(text)) return { kind: 'field', field: text as Field }
  const isQuoted = text.startsWith("'")
  return { kind: 'literal', text: isQuoted ? text.slice(1, -1).replaceAll("''", "'") : text }
}

function createFieldReader(tokens: readonly Token[], suffix: string): TimeReader {
  const source = tokens.map(token =>
    token.kind === 'field'
      ? `(?<${token.field}>\\d{${token.field.length}})`
      : toLiteral(token.text),
  )
  const form = new RegExp(`^${source.join('')}$`)
  return cell => {
    const parts = form.exec(cell)?.groups
    if (parts === undefined) return null
    const date = `${parts['yyyy']}-${parts['MM']}-${parts['dd']}`
    const time = `${parts['HH'] ?? '00'}:${parts['mm'] ?? '00'}:${parts['ss'] ?? '00'}`
    const fraction = parts['SSS'] === undefined ? '' : `.${parts['SSS']}`
    const text = `${date}T${time}${fraction}${suffix}`
    return parseTimestamp(text) === null ? null : text
  }
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
