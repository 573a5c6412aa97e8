/**
 * The values of a line's cells as JSON. Numbers keep the digits of their cell, so that no amount
 * goes through a double; an empty cell leaves its field out, unless it stands for something. What
 * is derived comes from the SHA-256 of the line's number and text.
 */
import { hash } from 'node:crypto'
import { toDecimalText } from '../model/decimal.ts'
import type { NumberReader } from '../model/number-text.ts'
import { createNumberReader } from '../model/number-text.ts'
import { present } from '../std/assert.ts'
import type {
  CellSource,
  ColumnSource,
  LineSource,
  ProductSource,
  ScalarSource,
  TextSource,
} from './mapping.ts'

/** What a writer sees of a line. */
export interface Line {
  readonly cells: readonly string[]
  readonly text: string
  readonly number: number
}

/** Gives a JSON value; '' leaves the field out; null: the line cannot be mapped. */
export type Writer = (line: Line) => string | null

/** RFC 8259, section 6. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const INTEGER = /^-?(?:0|[1-9]\d*)$/
const ORDER_DIGITS = 16
const UUID_DIGITS = 32

/** The index of a column; throws FORMAT_UNKNOWN where the file has no such. */
export type ColumnFinder = (source: ColumnSource) => number

export function constantWriter(value: string | number | boolean): Writer {
  const json = JSON.stringify(value)
  return () => json
}

export function cellAt(line: Line, index: number): string {
  return present(line.cells[index], 'the cell of a column')
}

export function createIdWriter(source: ColumnSource | LineSource, indexOf: ColumnFinder): Writer {
  return 'column' in source ? createTextWriter(source, indexOf) : writeLineUuid
}

export function createTextWriter(source: TextSource, indexOf: ColumnFinder): Writer {
  return createCellWriter(source, indexOf, JSON.stringify)
}

/** `toJson` gives null for a cell that is not as it should be. */
function createCellWriter(
  source: Pick<CellSource, 'column' | 'default'>,
  indexOf: ColumnFinder,
  toJson: (cell: string) => string | null,
): Writer {
  const index = indexOf(source)
  const empty = source.default === undefined ? '' : JSON.stringify(source.default)
  return line => {
    const cell = cellAt(line, index)
    return cell === '' ? empty : toJson(cell)
  }
}

export function createScalarWriter(source: ScalarSource, indexOf: ColumnFinder): Writer {
  if ('constant' in source) return constantWriter(source.constant)
  if ('derive' in source) return writeLineName
  if ('multiply' in source) return createProductWriter(source, indexOf)
  return createCellWriter(source, indexOf, toCellReader(source))
}

/** Exact, whatever the digits; left out where a cell is empty. */
function createProductWriter(source: ProductSource, indexOf: ColumnFinder): Writer {
  const indexes = source.multiply.map(column => indexOf({ column }))
  const read = createNumberReader({ decimal: '.', group: 'none', ...source })
  return line => {
    const cells = indexes.map(index => cellAt(line, index))
    if (cells.includes('')) return ''
    const numbers = cells.map(read)
    return areNumbers(numbers) ? multiply(numbers) : null
  }
}

function areNumbers(numbers: readonly (string | null)[]): numbers is readonly string[] {
  return !numbers.includes(null)
}

function multiply(numbers: readonly string[]): string {
  let units = 1n
  let scale = 0
  for (const number of numbers) {
    const [whole = '', fraction = ''] = number.split('.')
    units *= BigInt(whole + fraction)
    scale += fraction.length
  }
  return toDecimalText(units, scale)
}

function toCellReader(source: CellSource): NumberReader {
  const { as = 'string', decimal, group } = source
  if (as === 'string') return JSON.stringify
  const read = CELL_READERS[as]
  if (decimal === undefined) return read
  const toNumber = createNumberReader({ decimal, group })
  return cell => {
    const number = toNumber(cell)
    return number === null ? null : read(number)
  }
}

const BOOLEANS = new Map([
  ['true', 'true'],
  ['1', 'true'],
  ['false', 'false'],
  ['0', 'false'],
])

const CELL_READERS = {
  number: (cell: string) => (NUMBER.test(cell) ? cell : null),
  integer: (cell: string) => (INTEGER.test(cell) ? cell : null),
  boolean: (cell: string) => BOOLEANS.get(cell.toLowerCase()) ?? null,
}

function digestOf(line: Line): string {
  return hash('sha256', `${line.number}:${line.text}`, 'hex')
}

/** The first 32 hex digits, in the shape of a canonical UUID: ids of that shape are compact. */
function writeLineUuid(line: Line): string {
  const digest = digestOf(line)
  const parts = [[0, 8] as const, [8, 12] as const, [12, 16] as const, [16, 20] as const]
  const heads = parts.map(([start, end]) => digest.slice(start, end))
  return `"${heads.join('-')}-${digest.slice(20, UUID_DIGITS)}"`
}

/** The 16 digits behind those, with an `o` before them. */
function writeLineName(line: Line): string {
  return `"o${digestOf(line).slice(UUID_DIGITS, UUID_DIGITS + ORDER_DIGITS)}"`
}
