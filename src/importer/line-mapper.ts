/**
 * A mapping, compiled for the columns of a file: the cells of a line become the JSON of an event.
 *
 * Numbers keep the digits of their cell, so that no amount goes through a double; an empty cell
 * leaves its field out. What is derived comes from the SHA-256 of the line's number and bytes: the
 * same file gives the same ids under any name, and two equal lines of a file give two events.
 */
import { hash } from 'node:crypto'
import { toDecimalText } from '../model/decimal.ts'
import type { NumberReader } from '../model/number-text.ts'
import { createNumberReader } from '../model/number-text.ts'
import { createTimeReader, parsePattern } from '../model/time-pattern.ts'
import { present } from '../std/assert.ts'
import { Fault } from '../std/fault.ts'
import type {
  CellSource,
  ColumnSource,
  DataSources,
  FieldSource,
  LineSource,
  Mapping,
  ProductSource,
  ScalarSource,
  TextSource,
} from './mapping.ts'

/** Gives the JSON of an event, or one of the two words below. `text` is the line as it stands. */
export type LineMapper = (cells: readonly string[], text: string, line: number) => string

/** The line is no event, and the mapping says so. */
export const SKIPPED = 'skip'
/** The line cannot be mapped. */
export const REJECTED = 'reject'

/** What a writer sees of a line. */
interface Line {
  readonly cells: readonly string[]
  readonly text: string
  readonly number: number
}

/** Gives a JSON value; '' leaves the field out; null: the line cannot be mapped. */
type Writer = (line: Line) => string | null

/** RFC 8259, section 6. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const INTEGER = /^-?(?:0|[1-9]\d*)$/
const ORDER_DIGITS = 16
const UUID_DIGITS = 32

/** Throws FORMAT_UNKNOWN where the mapping names a column that the file at `path` does not have. */
export function createLineMapper(
  mapping: Mapping,
  columns: readonly string[],
  path: string,
): LineMapper {
  const indexOf = createColumnFinder(columns, path)
  const chooseWriter = createChooser(mapping, indexOf)
  return (cells, text, number) => {
    if (cells.length !== columns.length) return REJECTED
    const line = { cells, text, number }
    const write = chooseWriter(line)
    return typeof write === 'string' ? write : (write(line) ?? REJECTED)
  }
}

type ColumnFinder = (source: ColumnSource) => number

function createColumnFinder(columns: readonly string[], path: string): ColumnFinder {
  return ({ column }) => {
    const index = columns.indexOf(column)
    if (index !== -1 && columns.lastIndexOf(column) === index) return index
    const what = index === -1 ? 'does not have' : 'has twice'
    throw new Fault(
      'FORMAT_UNKNOWN',
      `the mapping names column ${JSON.stringify(column)}, which ${path} ${what}; ` +
        `its columns are ${listColumns(columns)}; docs/guides/import.md shows mappings`,
    )
  }
}

const COLUMNS_LISTED_MAX = 40
const COLUMN_TEXT_MAX = 60

/** The names, quoted, for a message. */
export function listColumns(columns: readonly string[]): string {
  const names = columns
    .slice(0, COLUMNS_LISTED_MAX)
    .map(column => JSON.stringify(column.slice(0, COLUMN_TEXT_MAX)))
  const restCount = columns.length - names.length
  return names.join(', ') + (restCount > 0 ? ` and ${restCount} more` : '')
}

/** The writer of the event that a line is, by its type; or a word. */
type Chooser = (line: Line) => Writer | typeof SKIPPED | typeof REJECTED

function createChooser(mapping: Mapping, indexOf: ColumnFinder): Chooser {
  const source = mapping.event_type
  const writerOf = createEventWriters(mapping, indexOf)
  if ('constant' in source) {
    const writer = writerOf(source.constant, constantWriter(source.constant))
    return () => writer
  }
  const index = indexOf(source)
  if (source.values !== undefined) {
    const entries = Object.entries(source.values)
    const writers = new Map(
      entries.map(([cell, name]) => [cell, writerOf(name, constantWriter(name))]),
    )
    const other = source.other ?? REJECTED
    return line => writers.get(cellAt(line, index)) ?? other
  }
  const writeCell = createTextWriter(source, indexOf)
  const names = Object.keys(mapping.data_by_type ?? {})
  const writers = new Map(names.map(name => [name, writerOf(name, writeCell)]))
  const other = writerOf(null, writeCell)
  return line => writers.get(cellAt(line, index)) ?? other
}

/** Makes the writer of events of a type; null: of types that have no data of their own. */
function createEventWriters(
  mapping: Mapping,
  indexOf: ColumnFinder,
): (name: string | null, writeType: Writer) => Writer {
  const { event_id, user_id, session_id, data } = mapping
  const writeId = createIdWriter(event_id ?? { derive: 'line' }, indexOf)
  const writeTime = createTimeWriter(mapping, indexOf)
  const writeVisit = session_id === undefined ? LEAVE_OUT : createTextWriter(session_id, indexOf)
  const ofType = new Map(Object.entries(mapping.data_by_type ?? {}))
  return (name, writeType) => {
    const own = name === null ? undefined : ofType.get(name)
    const members: [string, Writer][] = [
      ['event_id', writeId],
      ['event_type', writeType],
      ['user_id', createTextWriter(user_id, indexOf)],
      ['timestamp', writeTime],
      ['session_id', writeVisit],
      ['data', createDataWriter({ ...data, ...own }, indexOf)],
    ]
    return wrap('{', joinMembers(members), '}')
  }
}

const LEAVE_OUT: Writer = () => ''

function constantWriter(value: string | number | boolean): Writer {
  const json = JSON.stringify(value)
  return () => json
}

function cellAt(line: Line, index: number): string {
  return present(line.cells[index], 'the cell of a column')
}

function createIdWriter(source: ColumnSource | LineSource, indexOf: ColumnFinder): Writer {
  return 'column' in source ? createTextWriter(source, indexOf) : writeLineUuid
}

function createTextWriter(source: TextSource, indexOf: ColumnFinder): Writer {
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

function createTimeWriter(mapping: Mapping, indexOf: ColumnFinder): Writer {
  const { timestamp } = mapping
  const index = indexOf(timestamp)
  const pattern = present(parsePattern(timestamp.pattern), 'the pattern of a checked mapping')
  const read = createTimeReader(pattern, timestamp.zone ?? 'UTC')
  // Lines next to each other often have one time.
  let lastCell = ''
  let lastJson: string | null = ''
  return line => {
    const cell = cellAt(line, index)
    if (cell === lastCell) return lastJson
    const text = read(cell)
    lastCell = cell
    lastJson = text === null ? null : `"${text}"`
    return lastJson
  }
}

/** Members of an object, separated by commas; those left out are not there. */
function joinMembers(members: readonly (readonly [string, Writer])[]): Writer {
  const writers = members.map(([name, write]) => ({ prefix: `${JSON.stringify(name)}:`, write }))
  return line => {
    let json = ''
    for (const { prefix, write } of writers) {
      const value = write(line)
      if (value === null) return null
      if (value !== '') json += `${json === '' ? '' : ','}${prefix}${value}`
    }
    return json
  }
}

function createDataWriter(sources: DataSources, indexOf: ColumnFinder): Writer {
  const members = Object.entries(sources).map(
    ([name, source]) => [name, createFieldWriter(source, indexOf)] as const,
  )
  return wrap('{', joinMembers(members), '}')
}

function createFieldWriter(source: FieldSource, indexOf: ColumnFinder): Writer {
  if (!('list' in source)) return createScalarWriter(source, indexOf)
  const writers = source.list.map(sources => createDataWriter(sources, indexOf))
  return line => {
    const items = writers.map(write => write(line))
    return items.includes(null) ? null : `[${items.join(',')}]`
  }
}

function wrap(before: string, write: Writer, after: string): Writer {
  return line => {
    const json = write(line)
    return json === null ? null : `${before}${json}${after}`
  }
}

function createScalarWriter(source: ScalarSource, indexOf: ColumnFinder): Writer {
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
