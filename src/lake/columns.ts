/**
 * Columns on their way into DuckDB: a chunk of rows is gathered in typed arrays, and handed over a
 * column at a time, as DuckDB keeps it.
 *
 * A text is a `duckdb_string_t` of DuckDB's C interface, 16 bytes, little-endian: a u32 length;
 * then up to 12 bytes themselves, or the first four and a pointer to all of them. Most texts are
 * parts of a batch's bytes: these are copied once, whole, into a vector of DuckDB's, and the texts
 * point in there. Only what is decoded or made up is given one by one. A call for each text would
 * cost more than all else. The appender copies what it is given, so pointers need to hold only
 * until the flush.
 *
 * Numbers go as doubles, which hold them exactly, and become integers in the database: a BigInt for
 * each would be garbage.
 */
import type { DuckDBAppender, DuckDBType } from '@duckdb/node-api'
import { BLOB, DOUBLE, DuckDBDataChunk, VARCHAR } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { assert, present } from '../std/assert.ts'

/** DuckDB's vector size. */
const CHUNK_ROWS = 2048
const CELL_BYTES = 16
const CELL_WORDS = 4
const INLINE_BYTES_MAX = 12
const VALIDITY_BYTES: number = CHUNK_ROWS / 8
const TWO_32 = 2 ** 32

export interface TextColumn {
  readonly kind: 'text'
  /** Sets the row's text, or blob, to bytes[start..end), which stay as they are until the flush. */
  set(bytes: Uint8Array, start: number, end: number): void
}

export interface NumberColumn {
  readonly kind: 'number'
  /** NaN is null. */
  set(value: number): void
}

export type ColumnKind = 'text' | 'blob' | 'number'

/** Cells that are not set in a row are null. */
export interface ChunkWriter {
  /** Columns by name; blobs are texts here. */
  text(name: string): TextColumn
  number(name: string): NumberColumn
  /** Tells that texts from now on are mostly parts of these bytes. */
  lend(bytes: Uint8Array): void
  /** Ends the row, and hands the chunk over when it is full. */
  endRow(): void
  /** Hands over the rows that are gathered; nothing of lent bytes is needed any more. */
  flush(): void
}

type DuckDbVector = ReturnType<typeof duckdb.data_chunk_get_vector>

interface Vector {
  readonly type: DuckDBType
  /** Clears a chunk's cells: all null. */
  clear(): void
  write(vector: DuckDbVector, rowCount: number): void
}

/** What the columns of a writer share. */
interface Shared {
  row: number
  /** The bytes that were lent last. */
  lent: Uint8Array
  /** Where DuckDB's copy of them is; 0: there is none yet. */
  address: number
}

export function createChunkWriter(
  appender: DuckDBAppender,
  columns: readonly { readonly name: string; readonly kind: ColumnKind }[],
): ChunkWriter {
  const shared: Shared = { row: 0, lent: new Uint8Array(0), address: 0 }
  const loans = createLoans(shared)
  const made = columns.map(({ kind }) =>
    kind === 'number'
      ? createNumbers(shared)
      : createTexts(shared, loans, kind === 'blob' ? BLOB : VARCHAR),
  )
  const find = (name: string): TextColumn | NumberColumn =>
    present(made[columns.findIndex(column => column.name === name)], `the column ${name}`)
  const vectors: readonly Vector[] = made
  const chunk = DuckDBDataChunk.create(vectors.map(vector => vector.type))
  const flush = (): void => {
    if (shared.row > 0) {
      chunk.reset()
      chunk.rowCount = shared.row
      for (const [index, vector] of vectors.entries()) {
        vector.write(duckdb.data_chunk_get_vector(chunk.chunk, index), shared.row)
        vector.clear()
      }
      appender.appendDataChunk(chunk)
      shared.row = 0
    }
    loans.end()
  }
  return {
    text: name => {
      const column = find(name)
      assert(column.kind === 'text', `${name} is a column of texts`)
      return column
    },
    number: name => {
      const column = find(name)
      assert(column.kind === 'number', `${name} is a column of numbers`)
      return column
    },
    lend: bytes => {
      shared.lent = bytes
      shared.address = 0
    },
    endRow: () => {
      shared.row += 1
      if (shared.row === CHUNK_ROWS) flush()
    },
    flush,
  }
}

interface Loans {
  /** Copies the bytes that are lent into memory of DuckDB's. */
  begin(): void
  /** Lets all copies go. */
  end(): void
}

/** Each loan is a blob in a vector that is in no table. */
function createLoans(shared: Shared): Loans {
  let chunk: DuckDBDataChunk | null = null
  let count = 0
  return {
    begin: () => {
      if (count === CHUNK_ROWS) return
      chunk ??= DuckDBDataChunk.create([BLOB], CHUNK_ROWS)
      const vector = duckdb.data_chunk_get_vector(chunk.chunk, 0)
      duckdb.vector_assign_string_element_len(vector, count, shared.lent)
      const cells = duckdb.vector_get_data(vector, (count + 1) * CELL_BYTES)
      const view = new DataView(cells.buffer, cells.byteOffset + count * CELL_BYTES, CELL_BYTES)
      assert(view.getUint32(0, true) === shared.lent.length, 'a loan is as long as it was')
      shared.address = view.getUint32(8, true) + view.getUint32(12, true) * TWO_32
      count += 1
    },
    end: () => {
      shared.address = 0
      if (count === 0) return
      chunk?.reset()
      count = 0
    },
  }
}

function createTexts(shared: Shared, loans: Loans, type: DuckDBType): TextColumn & Vector {
  const buffer = new ArrayBuffer(CHUNK_ROWS * CELL_BYTES)
  const cells = new Uint8Array(buffer)
  const words = new Uint32Array(buffer)
  const validity = new Uint8Array(VALIDITY_BYTES)
  let apartRows: number[] = []
  let apart: Uint8Array[] = []

  const point = (bytes: Uint8Array, start: number, size: number): void => {
    if (bytes === shared.lent && shared.address === 0) loans.begin()
    if (bytes !== shared.lent || shared.address === 0) {
      apartRows.push(shared.row)
      apart.push(bytes.subarray(start, start + size))
      return
    }
    const cell = shared.row * CELL_WORDS
    const address = shared.address + start
    words[cell] = size
    copyBytes(bytes, start, cells, { at: cell * 4 + 4, size: 4 })
    words[cell + 2] = address % TWO_32
    words[cell + 3] = Math.floor(address / TWO_32)
  }
  return {
    kind: 'text',
    type,
    set: (bytes, start, end) => {
      const { row } = shared
      const size = end - start
      markValid(validity, row)
      if (size > INLINE_BYTES_MAX) {
        point(bytes, start, size)
        return
      }
      words[row * CELL_WORDS] = size
      copyBytes(bytes, start, cells, { at: row * CELL_BYTES + 4, size })
    },
    clear: () => {
      cells.fill(0)
      validity.fill(0)
      if (apart.length === 0) return
      apartRows = []
      apart = []
    },
    write: (vector, rowCount) => {
      writeValidity(vector, validity)
      duckdb.copy_data_to_vector(vector, 0, buffer, 0, rowCount * CELL_BYTES)
      for (const [index, text] of apart.entries()) {
        duckdb.vector_assign_string_element_len(vector, apartRows[index] ?? 0, text)
      }
    },
  }
}

function copyBytes(
  from: Uint8Array,
  start: number,
  to: Uint8Array,
  { at, size }: { readonly at: number; readonly size: number },
): void {
  for (let index = 0; index < size; index += 1) to[at + index] = from[start + index] ?? 0
}

function createNumbers(shared: Shared): NumberColumn & Vector {
  const values = new Float64Array(CHUNK_ROWS)
  const validity = new Uint8Array(VALIDITY_BYTES)
  return {
    kind: 'number',
    type: DOUBLE,
    set: value => {
      if (Number.isNaN(value)) return
      values[shared.row] = value
      markValid(validity, shared.row)
    },
    clear: () => {
      values.fill(0)
      validity.fill(0)
    },
    write: (vector, rowCount) => {
      writeValidity(vector, validity)
      duckdb.copy_data_to_vector(vector, 0, values.buffer, 0, rowCount * 8)
    },
  }
}

function markValid(validity: Uint8Array, row: number): void {
  const place = row >> 3
  validity[place] = (validity[place] ?? 0) | (1 << (row & 7))
}

function writeValidity(vector: DuckDbVector, validity: Uint8Array<ArrayBuffer>): void {
  duckdb.vector_ensure_validity_writable(vector)
  duckdb.copy_data_to_vector_validity(vector, 0, validity.buffer, 0, VALIDITY_BYTES)
}
