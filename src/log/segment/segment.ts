/** A segment: one file of record batches, back to back, named by its first offset. */
import { KIB } from '../../std/units.ts'

/** One entry of the index for so many bytes; finding an offset walks over no more than that. */
const INDEX_INTERVAL_BYTES: number = 256 * KIB

/** Offsets and positions of some batches, ascending; it begins with the segment's first byte. */
export interface SparseIndex {
  readonly offsets: number[]
  readonly positions: number[]
}

export interface Segment {
  readonly baseOffset: number
  readonly path: string
  /** What is durable: readers see so much of the file, and no more. */
  sizeBytes: number
  /** Arrival of its first record; null: it has none. */
  arrivalFirstMs: number | null
  readonly index: SparseIndex
}

export function createSegment(path: string, baseOffset: number): Segment {
  return {
    baseOffset,
    path,
    sizeBytes: 0,
    arrivalFirstMs: null,
    index: { offsets: [baseOffset], positions: [0] },
  }
}

/** Tells the index of a batch; one that begins before or close behind an entry is left out. */
export function noteBatch(segment: Segment, baseOffset: number, position: number): void {
  const { offsets, positions } = segment.index
  if (position < (positions.at(-1) ?? 0) + INDEX_INTERVAL_BYTES) return
  offsets.push(baseOffset)
  positions.push(position)
}

/** The position of a batch that begins at or before `offset`, and not far before it. */
export function positionBefore({ index }: Segment, offset: number): number {
  let low = 0
  let high = index.offsets.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((index.offsets[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return index.positions[low] ?? 0
}
