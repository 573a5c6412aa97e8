/**
 * What kind of file this is, told from its first bytes, its name, and the mapping, if one is given.
 */
import { isUtf8 } from 'node:buffer'
import { basename } from 'node:path'
import { Fault } from '../std/fault.ts'
import type { ByteFile } from './byte-file.ts'
import { HEAD_BYTES } from './byte-file.ts'
import { findRecordEnd, toCells } from './csv-records.ts'
import { startsWith } from './decompress.ts'
import type { Sample } from './draft.ts'
import { draftMapping } from './draft.ts'
import { createDecode } from './encoding.ts'
import { findEventsArray, isPrettyPrinted } from './json-shape.ts'
import { listColumns } from './line-mapper.ts'
import type { Mapping } from './mapping.ts'
import { REES46_COLUMNS, REES46_MAPPING } from './rees46.ts'
import { isWhitespace } from './values.ts'

/** `start` is the offset of the first item; before it is what the format itself needs. */
export type Format =
  | { readonly kind: 'lines'; readonly start: number }
  | {
      readonly kind: 'values'
      readonly start: number
      readonly around: 'none' | 'array' | 'object'
    }
  | {
      readonly kind: 'csv'
      readonly start: number
      /** The number of the line at `start`. */
      readonly line: number
      readonly columns: readonly string[]
      readonly mapping: Mapping
    }

const BOM = [0xef, 0xbb, 0xbf]
const NEWLINE = 0x0a
const OPEN_ARRAY = 0x5b
const OPEN_OBJECT = 0x7b
const DELIMITERS = [',', ';', '\t', '|'] as const

/** Files that are often tried, and cannot be read: their first bytes, what they are, what to do. */
const FOREIGN: readonly { readonly magic: readonly number[]; readonly what: string }[] = [
  { magic: [0x50, 0x4b, 0x03, 0x04], what: 'a zip or Excel file; unpack it, or save it as CSV' },
  { magic: [0xd0, 0xcf, 0x11, 0xe0], what: 'an old Excel file; save it as CSV' },
  { magic: [0x50, 0x41, 0x52, 0x31], what: 'a Parquet file; convert it to NDJSON' },
  { magic: [0x4f, 0x52, 0x43], what: 'an ORC file; convert it to NDJSON' },
  { magic: [0x4f, 0x62, 0x6a, 0x01], what: 'an Avro file; convert it to NDJSON' },
  { magic: [0x42, 0x5a, 0x68], what: 'compressed with bzip2; use gzip or zstd, or unpack it' },
  { magic: [0xfd, 0x37, 0x7a, 0x58], what: 'compressed with xz; use gzip or zstd, or unpack it' },
  { magic: [0x25, 0x50, 0x44, 0x46], what: 'a PDF' },
  { magic: [0xff, 0xfe], what: 'text in UTF-16; save it as UTF-8' },
  { magic: [0xfe, 0xff], what: 'text in UTF-16; save it as UTF-8' },
]

/** Throws FORMAT_UNKNOWN, saying what was found and what to do. */
export function detectFormat(file: ByteFile, mapping: Mapping | null): Format {
  const { head } = file
  const foreign = FOREIGN.find(({ magic }) => startsWith(head, magic))
  if (foreign !== undefined) throw unknownFormat(file, `it is ${foreign.what}`)
  const start = startsWith(head, BOM) ? BOM.length : 0
  const first = firstVisible(head, start)
  if (first === head.length) return { kind: 'lines', start }
  if (mapping !== null) return toCsvFormat(file, start, mapping)
  const extension = extensionOf(file.path)
  if (extension === 'ndjson' || extension === 'jsonl') return { kind: 'lines', start }
  const isOther = extension === 'csv' || extension === 'tsv'
  if (head[first] === OPEN_ARRAY && !isOther) {
    return { kind: 'values', start: first + 1, around: 'array' }
  }
  if (head[first] === OPEN_OBJECT && !isOther) return toObjectFormat(head, first, start)
  return extension === 'json' ? { kind: 'lines', start } : toKnownCsvFormat(file, start)
}

function firstVisible(head: Buffer, start: number): number {
  let index = start
  while (isWhitespace(head[index])) index += 1
  return index
}

/** `data.csv.gz` is a csv. */
function extensionOf(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replace(/\.(gz|gzip|zst|zstd)$/, '')
  return /\.([a-z0-9]+)$/.exec(name)?.[1] ?? ''
}

function toObjectFormat(head: Buffer, first: number, start: number): Format {
  const array = findEventsArray(head, first)
  if (array !== null) return { kind: 'values', start: array, around: 'object' }
  if (isPrettyPrinted(head, first)) return { kind: 'values', start: first, around: 'none' }
  return { kind: 'lines', start }
}

function toCsvFormat(file: ByteFile, start: number, mapping: Mapping): Format {
  if (mapping.columns !== undefined) {
    return { kind: 'csv', start, line: 1, columns: mapping.columns, mapping }
  }
  const header = readHeader(file, start, mapping)
  return { kind: 'csv', start: header.end, line: header.line, columns: header.columns, mapping }
}

function toKnownCsvFormat(file: ByteFile, start: number): Format {
  const line = toFirstLine(file.head, start)
  if (hasControls(line)) {
    throw unknownFormat(file, 'it is binary data, or no UTF-8; a mapping can say its "encoding"')
  }
  const delimiter = mostFrequent(line)
  const header = readHeader(file, start, { delimiter })
  const isKnown = header.columns.join(',') === REES46_COLUMNS.join(',') && delimiter === ','
  if (isKnown) {
    const { end, columns } = header
    return { kind: 'csv', start: end, line: header.line, columns, mapping: REES46_MAPPING }
  }
  if (header.columns.length < 2 && !/^(csv|tsv)$/.test(extensionOf(file.path))) {
    const found = JSON.stringify(line.slice(0, 60))
    throw unknownFormat(file, `it begins with ${found}, which is neither JSON nor a CSV header`)
  }
  throw unknownFormat(
    file,
    `it is CSV with the columns ${listColumns(header.columns)}, whose meaning is not known; ` +
      `say it in a mapping and pass that with --mapping FILE, beginning from ` +
      JSON.stringify(draftMapping(toSample(file, header, delimiter))),
  )
}

function toFirstLine(head: Buffer, start: number): string {
  const newline = head.indexOf(NEWLINE, start)
  return head.toString('utf8', start, newline === -1 ? head.length : newline).replace(/\r$/, '')
}

function hasControls(line: string): boolean {
  for (const character of line) {
    const code = character.charCodeAt(0)
    if ((code < 0x20 && character !== '\t') || character === '\ufffd') return true
  }
  return false
}

function mostFrequent(line: string): (typeof DELIMITERS)[number] {
  const countOf = (delimiter: string): number => line.split(delimiter).length
  return DELIMITERS.reduce((best, next) => (countOf(next) > countOf(best) ? next : best))
}

interface CsvHeader {
  readonly columns: readonly string[]
  /** Offset and number of the line behind it. */
  readonly end: number
  readonly line: number
}

function readHeader(
  file: ByteFile,
  start: number,
  { delimiter = ',', encoding = 'utf-8' }: Pick<Mapping, 'delimiter' | 'encoding'>,
): CsvHeader {
  const { head } = file
  let from = start
  while (head[from] === NEWLINE || head[from] === 0x0d) from += 1
  const newline = findRecordEnd(head, from, delimiter.charCodeAt(0))
  if (newline < 0 || (newline === head.length && newline >= HEAD_BYTES)) {
    throw unknownFormat(
      file,
      'its first line is no CSV header: a quote is broken, or it is too long',
    )
  }
  const text = createDecode(encoding)(head, from, newline)?.replace(/\r$/, '')
  if (text === undefined) {
    throw unknownFormat(
      file,
      'its first line is no text in UTF-8; a mapping can say its "encoding"',
    )
  }
  const end = Math.min(newline + 1, head.length)
  const line = head.toString('latin1', start, end).split('\n').length
  return { columns: toCells(text, delimiter), end, line }
}

/** Rows behind the header that are looked at, within the head. */
const SAMPLE_ROWS = 200

/** The header and the rows that the head holds whole. */
function toSample(
  { head }: ByteFile,
  header: CsvHeader,
  delimiter: (typeof DELIMITERS)[number],
): Sample {
  const encoding = isUtf8(head.subarray(0, head.lastIndexOf(NEWLINE) + 1))
    ? 'utf-8'
    : 'windows-1252'
  const decode = createDecode(encoding)
  const rows: (readonly string[])[] = []
  let start = header.end
  while (rows.length < SAMPLE_ROWS) {
    const end = findRecordEnd(head, start, delimiter.charCodeAt(0))
    if (end <= start) break
    const text = decode(head, start, end)?.replace(/\r$/, '') ?? ''
    // The last one may be cut.
    if (end < head.length || head.length < HEAD_BYTES) rows.push(toCells(text, delimiter))
    start = end + 1
  }
  return { columns: header.columns, rows, delimiter, encoding }
}

function unknownFormat(file: ByteFile, what: string): Fault {
  return new Fault(
    'FORMAT_UNKNOWN',
    `cannot import ${file.path}: ${what}; docs/guides/import.md lists what can be imported`,
  )
}
