/**
 * A mapping to begin from, for a CSV file whose columns nobody knows: guessed from their names and
 * the first lines. Where there is nothing to guess from it says `?`, which no column is called.
 */
import type { Pattern } from '../model/time-pattern.ts'
import { createTimeReader, parsePattern } from '../model/time-pattern.ts'
import type { CellSource, DataSources, FieldSource, Mapping, TypeSource } from './mapping.ts'

/** The start of a file. */
export interface Sample {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly delimiter: NonNullable<Mapping['delimiter']>
  readonly encoding: NonNullable<Mapping['encoding']>
}

/** What shops call it, in this order; null: it is none of ours. */
const TYPES: readonly (readonly [RegExp, string | null])[] = [
  [/remove|delete|return|refund|cancel/i, null],
  [/cart|basket|bag/i, 'add_to_cart'],
  [/wish|favou?rite|like/i, 'add_to_wishlist'],
  [/purchase|transaction|order|buy|sale/i, 'purchase'],
  [/search|query|find/i, 'search'],
  [/page/i, 'page_view'],
  [/view|click|detail|visit/i, 'product_view'],
]
const TYPE_COLUMN = /type|action|behaviou?r|event$/i
const TIME_COLUMN = /time|date|when|_at$|^at$|^ts$/i
const USER_COLUMN = /user|customer|client|visitor|member/i
const PRODUCT_COLUMN = /product|item|sku|stock|asin/i
const ORDER_COLUMN = /order|invoice|transaction/i
const TOTAL_COLUMN = /total|amount|revenue|value/i
const PRICE_COLUMN = /price/i
const QUANTITY_COLUMN = /quantity|qty|units/i
const ID_COLUMN = /id$|code|sku|no$|number/i

const DATES = [
  'yyyy-MM-dd',
  'yyyy/MM/dd',
  'M/d/yyyy',
  'd/M/yyyy',
  'd.M.yyyy',
  'M/d/yy',
  'dd-MMM-yyyy',
]
const CLOCKS = [
  '',
  ' HH:mm',
  ' HH:mm:ss',
  ' H:mm',
  ' H:mm:ss',
  ' h:mm a',
  ' h:mm:ss a',
  " HH:mm:ss 'UTC'",
  ' HH:mm:ss xx',
]
const FRACTIONS = ["'T'HH:mm:ss", "'T'HH:mm:ss.SSSSSS", ' HH:mm:ss.SSS', ' HH:mm:ss.SSSSSS']
const PATTERNS: readonly string[] = [
  'rfc3339',
  ...DATES.flatMap(date => [...CLOCKS, ...FRACTIONS].map(clock => `${date}${clock}`)),
]
const EPOCH_MS = /^\d{12,}$/
const EPOCH_S = /^\d{9,10}(\.\d+)?$/
const DECIMAL_COMMA = /^-?[\d.]+,\d{1,2}$/

const UNKNOWN = '?'
const VALUES_MAX = 20

export function draftMapping(sample: Sample): Mapping {
  const { delimiter, encoding } = sample
  const column = createFinder(sample)
  const type = draftType(sample, column)
  const names = new Set('constant' in type ? [type.constant] : Object.values(type.values ?? {}))
  const dataOf = createDataDraft(sample, column)
  const byType = Object.fromEntries([...names].map(name => [name, dataOf(name)] as const))
  const time = column(TIME_COLUMN) ?? UNKNOWN
  return {
    format: 'csv',
    ...(delimiter === ',' ? {} : { delimiter }),
    ...(encoding === 'utf-8' ? {} : { encoding }),
    event_type: type,
    user_id: { column: column(USER_COLUMN) ?? UNKNOWN },
    timestamp: { column: time, pattern: guessPattern(cellsOf(sample, time)) },
    ...('constant' in type ? { data: dataOf(type.constant) } : { data_by_type: byType }),
  }
}

/** The column that looks like it; one that looks like an id first. */
type Finder = (form: RegExp) => string | undefined

function createFinder({ columns }: Sample): Finder {
  return form => {
    const likely = columns.filter(column => form.test(column))
    return likely.find(column => ID_COLUMN.test(column)) ?? likely[0]
  }
}

function cellsOf({ columns, rows }: Sample, column: string): readonly string[] {
  const index = columns.indexOf(column)
  return rows.map(row => row[index] ?? '').filter(cell => cell !== '')
}

/** The column that names most of our types; a table of sales may have none. */
function draftType(sample: Sample, column: Finder): TypeSource {
  const likely = sample.columns
    .filter(name => TYPE_COLUMN.test(name) && !TIME_COLUMN.test(name))
    .map(name => ({ column: name, values: draftValues(cellsOf(sample, name)) }))
    .toSorted((a, b) => Object.keys(b.values).length - Object.keys(a.values).length)
  const [best] = likely
  if (best !== undefined && Object.keys(best.values).length > 0) return best
  const isSale = column(ORDER_COLUMN) !== undefined || column(TOTAL_COLUMN) !== undefined
  if (isSale) return { constant: 'purchase' }
  if (best === undefined) return { constant: 'product_view' }
  return { ...best, values: { [UNKNOWN]: 'product_view' } }
}

/** What of the cells is known by its name. */
function draftValues(cells: readonly string[]): { readonly [cell: string]: string } {
  const different = [...new Set(cells)].slice(0, VALUES_MAX)
  const known = different.flatMap(cell => {
    const name = TYPES.find(([form]) => form.test(cell))?.[1] ?? null
    return name === null ? [] : [[cell, name] as const]
  })
  return Object.fromEntries(known)
}

/** The first that reads all cells: of 3/4/2021 the month is taken to come first. */
function guessPattern(cells: readonly string[]): string {
  const all = (form: RegExp): boolean => cells.every(cell => form.test(cell))
  if (cells.length === 0) return 'rfc3339'
  if (all(EPOCH_MS)) return 'epoch_ms'
  if (all(EPOCH_S)) return 'epoch_s'
  const reads = (pattern: Pattern | null): boolean => {
    if (pattern === null) return false
    const read = createTimeReader(pattern, 'UTC')
    return cells.every(cell => read(cell) !== null)
  }
  return PATTERNS.find(pattern => reads(parsePattern(pattern))) ?? UNKNOWN
}

function createDataDraft(sample: Sample, column: Finder): (type: string) => DataSources {
  const number = (name: string): CellSource => {
    const isComma = cellsOf(sample, name).some(cell => DECIMAL_COMMA.test(cell))
    return { column: name, as: 'number', ...(isComma ? { decimal: ',' } : {}) }
  }
  const quantity = column(QUANTITY_COLUMN)
  const price = column(PRICE_COLUMN)
  const total = column(TOTAL_COLUMN)
  const product_id = { column: column(PRODUCT_COLUMN) ?? UNKNOWN }
  const toAmount = (): FieldSource => {
    if (total !== undefined) return number(total)
    if (price === undefined) return number(UNKNOWN)
    const { decimal } = number(price)
    const form = decimal === undefined ? {} : { decimal }
    return quantity === undefined ? number(price) : { multiply: [quantity, price], ...form }
  }
  const toOrder = (): FieldSource => {
    const order = column(ORDER_COLUMN)
    if (order === undefined) return { derive: 'line' }
    const cells = cellsOf(sample, order)
    // An order counts once: where each line has an amount of its own, each is one.
    return new Set(cells).size < cells.length ? { derive: 'line' } : { column: order }
  }
  return type => {
    switch (type) {
      case 'purchase': {
        const currency = column(/currency/i)
        return {
          order_id: toOrder(),
          total_amount: toAmount(),
          currency: currency === undefined ? { constant: 'USD' } : { column: currency },
        }
      }
      case 'add_to_cart':
        return {
          product_id,
          quantity: quantity === undefined ? { constant: 1 } : { column: quantity, as: 'integer' },
        }
      case 'search':
        return { query: { column: column(/query|keyword|term|search/i) ?? UNKNOWN } }
      case 'page_view':
        return {}
      default:
        return { product_id }
    }
  }
}
