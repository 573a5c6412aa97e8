/**
 * A mapping, compiled for the columns of a file: the cells of a line become the JSON of an event.
 * What is derived comes from the line: the same file gives the same ids under any name, and two
 * equal lines of a file give two events.
 */
import { createTimeReader, parsePattern } from '../model/time-pattern.ts'
import { present } from '../std/assert.ts'
import { Fault } from '../std/fault.ts'
import type { ColumnFinder, Line, Writer } from './cells.ts'
import {
  cellAt,
  constantWriter,
  createIdWriter,
  createScalarWriter,
  createTextWriter,
} from './cells.ts'
import type { DataSources, FieldSource, Mapping } from './mapping.ts'

/** Gives the JSON of an event, or one of the two words below. `text` is the line as it stands. */
export type LineMapper = (cells: readonly string[], text: string, line: number) => string

/** The line is no event, and the mapping says so. */
export const SKIPPED = 'skip'
/** The line cannot be mapped. */
export const REJECTED = 'reject'

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
