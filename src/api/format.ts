/**
 * Rows in the form that a client wants: JSON, a row a line (NDJSON), or CSV. A spreadsheet runs
 * what begins like a formula, so such a text gets an apostrophe before it.
 */
import type { Result, ResultRow, Value } from '../model/result.ts'
import { FORMATS } from './contract/parameters.ts'
import type { Media } from './contract/route.ts'

export type Format = (typeof FORMATS)[number]

export const MEDIA: { readonly [F in Format]: Media } = {
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson',
}

/** What types of an Accept header mean. */
const ACCEPTED: readonly { readonly type: string; readonly format: Format }[] = [
  { type: 'application/json', format: 'json' },
  { type: 'text/csv', format: 'csv' },
  { type: 'application/x-ndjson', format: 'ndjson' },
  { type: 'application/ndjson', format: 'ndjson' },
  { type: 'application/*', format: 'json' },
  { type: 'text/*', format: 'csv' },
  { type: '*/*', format: 'json' },
]

/** By `format`, else by Accept (RFC 9110, 12.5.1); null: none of what is given is wanted. */
export function findFormat(asked: string | null, accept: string | undefined): Format | null {
  if (asked !== null) return FORMATS.find(one => one === asked) ?? null
  if (accept === undefined || accept.trim() === '') return 'json'
  const wanted = accept
    .split(',')
    .map(parseRange)
    .filter(({ weight }) => weight > 0)
    .toSorted((left, right) => right.weight - left.weight)
  for (const { type } of wanted) {
    const found = ACCEPTED.find(one => one.type === type)
    if (found !== undefined) return found.format
  }
  return null
}

function parseRange(range: string): { readonly type: string; readonly weight: number } {
  const [type = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
  const weight = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
  return { type, weight: weight === undefined ? 1 : Number(weight) || 0 }
}

export function toBody(result: Result, format: Format): string {
  switch (format) {
    case 'json':
      return JSON.stringify(result)
    case 'ndjson':
      return result.rows.map(row => `${JSON.stringify(row)}\n`).join('')
    case 'csv':
      return toCsv(result.rows)
  }
}

const TAIL = ['status', 'revision', 'late', 'exact', 'partial', 'source'] as const

/**
 * RFC 4180: lines end in CRLF. Columns are `key.NAME` and `NAME`, of money one for each currency of
 * these rows, `NAME.EUR`. What there is none of is empty; an empty text is `""`.
 */
function toCsv(rows: readonly ResultRow[]): string {
  const [first] = rows
  const keys = Object.keys(first?.key ?? {})
  const columns = Object.keys(first?.values ?? {}).flatMap(name => toColumns(name, rows))
  const names = columns.map(({ name, currency }) =>
    currency === null ? name : `${name}.${currency}`,
  )
  const head = ['window_start', 'window_end', ...keys.map(key => `key.${key}`), ...names, ...TAIL]
  const lines = rows.map(row =>
    [
      toText(row.window_start),
      toText(row.window_end),
      ...keys.map(key => toText(row.key[key] ?? null)),
      ...columns.map(({ name, currency }) => toNumberText(row.values[name] ?? null, currency)),
      ...TAIL.map(name => toText(String(row[name]))),
    ].join(','),
  )
  return [head.map(toText).join(','), ...lines].map(line => `${line}\r\n`).join('')
}

interface Column {
  readonly name: string
  /** null: it is not of money. */
  readonly currency: string | null
}

function toColumns(name: string, rows: readonly ResultRow[]): readonly Column[] {
  const maps = rows.map(row => row.values[name] ?? null).filter(value => isMap(value))
  if (maps.length === 0) return [{ name, currency: null }]
  const currencies = new Set(maps.flatMap(map => Object.keys(map)))
  return [...currencies].toSorted().map(currency => ({ name, currency }))
}

function isMap(value: Value): value is { readonly [currency: string]: string | null } {
  return typeof value === 'object' && value !== null
}

function toNumberText(value: Value, currency: string | null): string {
  const plain = isMap(value) ? (value[currency ?? ''] ?? null) : value
  return plain === null ? '' : String(plain)
}

const FORMULA = /^[=+\-@\t\r]/

/** A text as a field. */
export function toText(text: string | null): string {
  if (text === null) return ''
  const safe = FORMULA.test(text) ? `'${text}` : text
  if (safe !== '' && !/[",\r\n]/.test(safe)) return safe
  return `"${safe.replaceAll('"', '""')}"`
}
