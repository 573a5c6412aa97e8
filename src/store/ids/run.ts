/**
 * Runs: sorted ids of one bucket in a file that is never changed. In memory stay a filter and the
 * first id of each page, so that a lookup reads nothing, or one page.
 *
 * A file is: a head of one page (magic, bucket, counts, checksums), the ids, then the index (first
 * ids of the pages) and the filter. The head is written last.
 */
import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { IdBucket } from '../../model/ids.ts'
import { ID_BYTES } from '../../model/ids.ts'
import { assert } from '../../std/assert.ts'
import { KIB } from '../../std/units.ts'
import type { Descriptors } from './files.ts'
import { damaged, readWhole, writeWhole } from './files.ts'
import type { Filter } from './filter.ts'
import { addToFilter, createFilter, mayHold } from './filter.ts'
import { compareIds, countUpTo, ID_WORDS, toBytes, toWords } from './words.ts'

const MAGIC = 0x52494557 // 'WEIR'
const PAGE_BYTES: number = 4 * KIB
const PAGE_IDS: number = PAGE_BYTES / ID_BYTES
const HEAD_WORDS = 7

export interface RunFile {
  readonly path: string
  readonly bucket: IdBucket
  readonly idCount: number
  /** CRC-32 of the ids. */
  readonly checksum: number
  readonly index: Int32Array
  readonly filter: Filter
}

/** Where the ids of a run begin in its file. */
export const RUN_IDS_POSITION: number = PAGE_BYTES

/**
 * Writes a run from sorted ids, given in slices of any number of whole ids, and makes it durable;
 * its name is the caller's to sync. A file that is there is written over.
 */
export async function writeRun(
  path: string,
  head: { readonly bucket: IdBucket; readonly idCount: number },
  slices: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<RunFile> {
  await using file = await open(path, 'w')
  const { bucket, idCount } = head
  const index = new Int32Array(Math.ceil(idCount / PAGE_IDS) * ID_WORDS)
  const filter = createFilter(idCount)
  let written = 0
  let checksum = 0
  let last: Int32Array | null = null
  for await (const slice of slices) {
    if (slice.length === 0) continue
    const words = toWords(slice)
    assert(last === null || compareIds(last, 0, words, 0) <= 0, 'slices of a run are sorted')
    note(words, written, { index, filter })
    last = words.slice(-ID_WORDS)
    checksum = crc32(slice, checksum)
    await writeWhole(file, slice, RUN_IDS_POSITION + written * ID_BYTES)
    written += slice.length / ID_BYTES
  }
  assert(written === idCount, 'a run holds as many ids as were told')
  const run = { path, bucket, idCount, checksum, index, filter }
  await writeTail(file, run)
  await file.sync()
  return run
}

/** Opens a run that was written before. Throws STORE_UNAVAILABLE where it is damaged. */
export async function openRun(path: string): Promise<RunFile> {
  await using file = await open(path, 'r')
  const head = new Uint32Array(HEAD_WORDS)
  await readWhole(file, toBytes(head), 0)
  const [magic = 0, bucket = 0, idCount = 0, filterLength = 0, checksum = 0, tailSum = 0] = head
  if (magic !== MAGIC || head[HEAD_WORDS - 1] !== crc32(toBytes(head.subarray(0, -1)))) {
    throw damaged('has a broken head', path)
  }
  const index = new Int32Array(Math.ceil(idCount / PAGE_IDS) * ID_WORDS)
  const filter = new Int32Array(filterLength)
  const position = RUN_IDS_POSITION + idCount * ID_BYTES
  await readWhole(file, toBytes(index), position)
  await readWhole(file, toBytes(filter), position + index.byteLength)
  if (tailSum !== crc32(toBytes(filter), crc32(toBytes(index)))) {
    throw damaged('fails its checksum', path)
  }
  return { path, bucket: bucket | 0, idCount, checksum, index, filter }
}

const page = new Int32Array(PAGE_BYTES / 4)
const pageBytes = toBytes(page)

/** Whether a run holds the id of four words. Synchronous: it is asked in the middle of a digest. */
export function runHas(run: RunFile, id: Int32Array, descriptors: Descriptors): boolean {
  if (!mayHold(run.filter, id, 0)) return false
  const pageNumber = countUpTo(run.index, run.index.length / ID_WORDS, id) - 1
  if (pageNumber < 0) return false
  const idCount = Math.min(PAGE_IDS, run.idCount - pageNumber * PAGE_IDS)
  const size = idCount * ID_BYTES
  const position = RUN_IDS_POSITION + pageNumber * PAGE_BYTES
  const read = readSync(descriptors.use(run.path), pageBytes, 0, size, position)
  if (read !== size) throw damaged('ends too early', run.path)
  const place = countUpTo(page, idCount, id) - 1
  return place >= 0 && compareIds(page, place * ID_WORDS, id, 0) === 0
}

/** Takes ids into index and filter; `before` is how many came earlier. */
function note(
  words: Int32Array,
  before: number,
  into: { readonly index: Int32Array; readonly filter: Filter },
): void {
  for (let at = 0; at < words.length; at += ID_WORDS) {
    assert(at === 0 || compareIds(words, at - ID_WORDS, words, at) <= 0, 'ids of a run are sorted')
    addToFilter(into.filter, words, at)
    const number = before + at / ID_WORDS
    if (number % PAGE_IDS === 0) {
      into.index.set(words.subarray(at, at + ID_WORDS), (number / PAGE_IDS) * ID_WORDS)
    }
  }
}

async function writeTail(file: FileHandle, run: RunFile): Promise<void> {
  const position = RUN_IDS_POSITION + run.idCount * ID_BYTES
  const index = toBytes(run.index)
  const filter = toBytes(run.filter)
  await writeWhole(file, index, position)
  await writeWhole(file, filter, position + index.length)
  const head = new Uint32Array(HEAD_WORDS)
  const tailSum = crc32(filter, crc32(index))
  head.set([MAGIC, run.bucket >>> 0, run.idCount, run.filter.length, run.checksum, tailSum])
  head[HEAD_WORDS - 1] = crc32(toBytes(head.subarray(0, -1)))
  await writeWhole(file, toBytes(head), 0)
}
