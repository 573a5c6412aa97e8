/**
 * The importer: a file of real events becomes items, in bounded memory whatever its size.
 *
 * A file is NDJSON, a JSON document (`{"events":[…]}`, an array, or events one after another), or
 * CSV with a mapping; plain, or compressed by gzip or zstd. What it is is told from its first bytes
 * and its name. An item is the bytes of an event, or of what should be one: the importer splits and
 * maps, and leaves judging to others. Nothing is left out but blank lines and what a mapping says
 * to skip; a CSV line that cannot be mapped is an item with its original bytes.
 *
 * Reading can be broken off after any batch, and taken up again at the batch's position.
 */
import { assert, unreachable } from '../std/assert.ts'
import { MIB } from '../std/units.ts'
import type { ByteFile } from './byte-file.ts'
import { openByteFile } from './byte-file.ts'
import { createCsvSplit } from './csv-records.ts'
import { createDecode } from './encoding.ts'
import type { Format } from './format.ts'
import { detectFormat } from './format.ts'
import { createLineMapper } from './line-mapper.ts'
import { splitLines } from './lines.ts'
import type { Mapping } from './mapping.ts'
import { createValueSplit } from './values.ts'
import type { ImportItem, Split, Window } from './window.ts'
import { createWindow, passLongItem, refill } from './window.ts'

export type { Mapping } from './mapping.ts'
export { parseMapping } from './mapping.ts'
export type { CutItem, ImportItem } from './window.ts'

/** Most items, and most bytes of their values, of a batch; one item alone has no more than that. */
export const BATCH_ITEMS_MAX = 1000
export const BATCH_BYTES_MAX: number = MIB

export interface ImportOptions {
  readonly path: string
  /** What the columns of a CSV file mean; null: by its header. */
  readonly mapping: Mapping | null
  /** Where an earlier reading of the same file stopped; null: from the start. */
  readonly from: ImportPosition | null
  readonly signal: AbortSignal
}

/** Between two items of a file; plain data, to be kept. */
export interface ImportPosition {
  /** Of the uncompressed file. */
  readonly byteOffset: number
  /** The number of the line, or item, that comes next. */
  readonly line: number
}

export interface ImportBatch {
  readonly items: readonly ImportItem[]
  /** Behind the last of the items. */
  readonly position: ImportPosition
  /** How far the reader is in the file as it lies on disk, compressed or not, and its size. */
  readonly bytesRead: number
  readonly bytesTotal: number
}

/**
 * The batches, pulled, once. Ends with the file, or early, without an error, when the signal
 * aborts. Throws FILE_UNREADABLE, after the batches of all that could be read, where the file is
 * damaged, cut off in its compressed form, or shorter than the position that was asked for.
 */
export interface ImportSource extends AsyncDisposable, AsyncIterable<ImportBatch> {
  readonly format: Format['kind']
  readonly bytesTotal: number
}

/**
 * Opens a file. A compressed one is read again from its start to get to a position. Throws
 * FILE_UNREADABLE, and FORMAT_UNKNOWN, saying what was found and what to do.
 */
export async function openImportSource(options: ImportOptions): Promise<ImportSource> {
  const file = await openByteFile(options.path)
  try {
    const format = detectFormat(file, options.mapping)
    const split = createSplit(format, file.path)
    let isPulled = false
    return {
      format: format.kind,
      bytesTotal: file.sizeBytes,
      [Symbol.asyncIterator]: () => {
        assert(!isPulled, 'an import source is read once')
        isPulled = true
        return readBatches(file, split, startOf(format, options), options.signal)
      },
      [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
    }
  } catch (error) {
    await file[Symbol.asyncDispose]()
    throw error
  }
}

function createSplit(format: Format, path: string): Split {
  switch (format.kind) {
    case 'lines':
      return splitLines
    case 'values':
      return createValueSplit(format.around)
    case 'csv': {
      const mapLine = createLineMapper(format.mapping, format.columns, path)
      const { delimiter = ',', encoding = 'utf-8' } = format.mapping
      return createCsvSplit(mapLine, delimiter, createDecode(encoding))
    }
    default:
      return unreachable(format)
  }
}

function startOf(format: Format, { from }: ImportOptions): ImportPosition {
  if (from !== null && from.byteOffset > format.start) return from
  return { byteOffset: format.start, line: format.kind === 'csv' ? format.line : 1 }
}

async function* readBatches(
  file: ByteFile,
  split: Split,
  start: ImportPosition,
  signal: AbortSignal,
): AsyncGenerator<ImportBatch> {
  const window = createWindow(start.byteOffset, start.line)
  const gathering = createGathering(window, start)
  const toBatch = (): ImportBatch => ({
    ...gathering.take(),
    bytesRead: file.bytesRead,
    bytesTotal: file.sizeBytes,
  })
  const chunks = file.chunks(start.byteOffset)
  let pulled: Pulled = { kind: 'chunk', bytes: new Uint8Array(0) }
  while (pulled.kind === 'chunk') {
    pulled = await pull(chunks)
    if (pulled.kind === 'chunk') refill(window, pulled.bytes)
    // Where a file breaks off by a fault, what is there of its last item is not the item.
    const isLast = pulled.kind === 'end'
    for (let item = split(window, isLast); item !== null; item = split(window, isLast)) {
      if (signal.aborted) return
      if (!gathering.fits(item)) yield toBatch()
      gathering.add(item)
    }
    passLongItem(window)
  }
  if (gathering.count() > 0 && !signal.aborted) yield toBatch()
  if (pulled.kind === 'failure') throw pulled.error
}

type Pulled =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'failure'; readonly error: unknown }

/** A failure waits until what was read before it is given out. */
async function pull(chunks: AsyncGenerator<Uint8Array>): Promise<Pulled> {
  try {
    const result = await chunks.next()
    return result.done === true ? { kind: 'end' } : { kind: 'chunk', bytes: result.value }
  } catch (error) {
    return { kind: 'failure', error }
  }
}

/** Items on their way to be a batch, and the position behind the last of them. */
interface Gathering {
  count(): number
  fits(item: ImportItem): boolean
  /** Call right after the item was split off, when the window is behind it. */
  add(item: ImportItem): void
  take(): Pick<ImportBatch, 'items' | 'position'>
}

function createGathering(window: Window, start: ImportPosition): Gathering {
  let items: ImportItem[] = []
  let sizeBytes = 0
  let byteOffset = start.byteOffset
  let line = start.line
  return {
    count: () => items.length,
    fits: item =>
      items.length === 0 ||
      (items.length < BATCH_ITEMS_MAX && sizeBytes + item.value.length <= BATCH_BYTES_MAX),
    add: item => {
      items.push(item)
      sizeBytes += item.value.length
      byteOffset = window.base + window.start
      line = window.line
    },
    take: () => {
      const taken = { items, position: { byteOffset, line } }
      items = []
      sizeBytes = 0
      return taken
    },
  }
}
