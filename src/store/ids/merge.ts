/**
 * Merging runs: when a bucket has many, the smallest become one, so that a lookup asks few. Memory:
 * one slice per input and one for the output, whatever the runs' sizes.
 */
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { ID_BYTES } from '../../model/ids.ts'
import { present } from '../../std/assert.ts'
import { KIB } from '../../std/units.ts'
import { damaged, readWhole } from './files.ts'
import type { RunFile } from './run.ts'
import { RUN_IDS_POSITION } from './run.ts'
import { compareIds, ID_WORDS, toBytes, toWords } from './words.ts'

/** Runs that a bucket may have before the smallest are merged. */
export const RUNS_PER_BUCKET_MAX = 8
const SLICE_BYTES: number = 256 * KIB

/**
 * Which of a bucket's runs to merge now; empty: none. The two smallest, and on from there each that
 * is no larger than all smaller ones together: what is merged at least doubles, so that an id is
 * rewritten at most log2 of the number of runs times.
 */
export function planMerge<Run extends { readonly idCount: number }>(
  runs: readonly Run[],
): readonly Run[] {
  if (runs.length <= RUNS_PER_BUCKET_MAX) return []
  const sorted = runs.toSorted((a, b) => a.idCount - b.idCount)
  let total = 0
  const end = sorted.findIndex((run, index) => {
    if (index >= 2 && run.idCount > total) return true
    total += run.idCount
    return false
  })
  return end === -1 ? sorted : sorted.slice(0, end)
}

/** The runs to merge now, all of one bucket; empty: no bucket is crowded. */
export function findCrowded<Named extends { readonly file: RunFile }>(
  runs: readonly Named[],
): readonly Named[] {
  for (const ofBucket of Map.groupBy(runs, run => run.file.bucket).values()) {
    const sizes = ofBucket.map(run => ({ run, idCount: run.file.idCount }))
    const from = planMerge(sizes)
    if (from.length > 0) return from.map(one => one.run)
  }
  return []
}

/** The ids of several runs in order, in slices; a slice is valid until the next is pulled. */
export async function* mergeRuns(
  runs: readonly RunFile[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const sources: Source[] = []
  for (const run of runs) {
    const source: Source = { pages: readSlices(run), words: new Int32Array(0), at: 0 }
    if (await refill(source)) sources.push(source)
  }
  const output = new Int32Array(SLICE_BYTES / 4)
  let end = 0
  while (sources.length > 0) {
    signal.throwIfAborted()
    const source = smallestOf(sources)
    output.set(source.words.subarray(source.at, source.at + ID_WORDS), end)
    source.at += ID_WORDS
    end += ID_WORDS
    if (end === output.length) {
      yield toBytes(output)
      end = 0
    }
    if (source.at < source.words.length || (await refill(source))) continue
    sources.splice(sources.indexOf(source), 1)
  }
  yield toBytes(output.subarray(0, end))
}

interface Source {
  readonly pages: AsyncGenerator<Uint8Array>
  words: Int32Array
  /** The word at which the next id stands. */
  at: number
}

/** false: the source has come to its end. */
async function refill(source: Source): Promise<boolean> {
  const next = await source.pages.next()
  if (next.done === true) return false
  source.words = toWords(next.value)
  source.at = 0
  return true
}

function smallestOf(sources: readonly Source[]): Source {
  let smallest = present(sources[0], 'a source')
  for (const source of sources) {
    if (compareIds(source.words, source.at, smallest.words, smallest.at) < 0) smallest = source
  }
  return smallest
}

/** Reads the ids of a run; throws STORE_UNAVAILABLE at the end where they fail their checksum. */
async function* readSlices(run: RunFile): AsyncGenerator<Uint8Array> {
  await using file = await open(run.path, 'r')
  const whole = new Uint8Array(SLICE_BYTES)
  let left = run.idCount * ID_BYTES
  let position = RUN_IDS_POSITION
  let checksum = 0
  while (left > 0) {
    const slice = whole.subarray(0, Math.min(left, whole.length))
    await readWhole(file, slice, position)
    checksum = crc32(slice, checksum)
    left -= slice.length
    position += slice.length
    yield slice
  }
  if (checksum !== run.checksum) throw damaged('fails its checksum', run.path)
}
