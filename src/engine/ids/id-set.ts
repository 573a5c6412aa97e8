/**
 * All ids of one shard: seen events, distinct values, firsts. Exact, and bounded in memory: when
 * the tables would grow over `memoryMax`, the coldest buckets are sealed, that is sorted and handed
 * to the store as runs on disk, and from then on looked up there behind a filter.
 */

import type { IdBlock, IdBucket, IdChange, IdRun, IdState } from '../../model/ids.ts'
import { ID_BYTES } from '../../model/ids.ts'
import { DAY_MS } from '../../std/units.ts'
import type { Multipliers } from './id-index.ts'
import { IdTable, toBytes } from './id-table.ts'
import { sortIds } from './sort.ts'

/** Buckets: kind in the low two bits, UTC day (from 1970-01-01, maybe negative) above. */
export const SEEN_KIND = 0
export const DISTINCT_KIND = 1
/** Without an end: `once`, and distinct values of `all`. */
export const FOREVER_BUCKET: IdBucket = 2

export function bucketOf(kind: number, timeMs: number): IdBucket {
  return Math.floor(timeMs / DAY_MS) * 4 + kind
}

/** Tables take at most this share of the memory, the one that grows counted before and after. */
const SHARE_OF_TABLES = 0.875
/** What a take would copy takes at most the rest; then a take is asked for. */
const SHARE_OF_COPIES: number = 1 - SHARE_OF_TABLES
/** After sealing, tables take at most this share of the memory. */
const SHARE_KEPT = 0.25

export interface IdSet {
  /** The table of a bucket, made if need be; good for as long as the set is. */
  table(bucket: IdBucket): IdTable
  /** As `table`, but null where nothing was ever put: nothing to look up. */
  tableIfAny(bucket: IdBucket): IdTable | null
  /**
   * Changes whenever a table is made, and with every take, so that callers may keep what they found
   * till then, and a table that is in use is known to be.
   */
  readonly version: number
  /** Bytes that tables hold. */
  readonly byteSize: number
  /** How many ids were added since the last take; Infinity when memory asks for a take. */
  readonly pendingCount: number
  take(): IdChange
  settle(runs: readonly IdRun[]): void
}

export function createIdSet(state: IdState, memoryMax: number, multipliers: Multipliers): IdSet {
  const tables = new Map<IdBucket, IdTable>()
  let takeCount = 0
  let isFull = false

  const byteSize = (): number => {
    let size = 0
    for (const table of tables.values()) size += table.byteSize
    return size
  }
  const pendingCount = (): number => {
    let count = 0
    for (const table of tables.values()) count += table.pendingCount
    return count
  }
  const grant = (bytes: number): boolean => {
    const isGranted = byteSize() + bytes <= memoryMax * SHARE_OF_TABLES
    if (!isGranted) isFull = true
    return isGranted
  }
  const table = (bucket: IdBucket): IdTable => {
    let found = tables.get(bucket)
    if (found === undefined) {
      found = new IdTable(bucket, multipliers, grant)
      tables.set(bucket, found)
    }
    found.touched = takeCount
    return found
  }

  for (const block of state.blocks) table(block.bucket).load(block.ids)
  for (const run of state.runs) table(run.bucket).runs.push(run)

  const seal = (): IdBlock[] => {
    isFull = false
    const sealed: IdBlock[] = []
    let size = byteSize()
    for (const cold of planSealing([...tables.values()], size, memoryMax * SHARE_KEPT)) {
      sealed.push({ bucket: cold.bucket, ids: toBytes(sortIds(cold.toIds())) })
      size -= cold.byteSize
      cold.retire()
    }
    return sealed
  }

  return {
    table,
    tableIfAny: bucket => (tables.has(bucket) ? table(bucket) : null),
    get version() {
      return tables.size + takeCount
    },
    get byteSize() {
      return byteSize()
    },
    get pendingCount() {
      const count = pendingCount()
      return isFull || count * ID_BYTES > memoryMax * SHARE_OF_COPIES ? Infinity : count
    },
    take() {
      const added: IdBlock[] = []
      for (const one of tables.values()) {
        if (one.pendingCount === 0) continue
        added.push({ bucket: one.bucket, ids: one.takeFresh() })
      }
      const sealed = isFull ? seal() : []
      const kept = sealed.length === 0 ? [] : [...tables.values()].map(toBlock).filter(isNotEmpty)
      takeCount += 1
      return { added, sealed, kept }
    },
    settle(runs) {
      for (const [bucket, ofBucket] of Map.groupBy(runs, run => run.bucket)) {
        table(bucket).settle(ofBucket)
      }
    },
  }
}

/** The coldest tables, then the largest, until the rest is at most `sizeMax` bytes. */
function planSealing(tables: IdTable[], size: number, sizeMax: number): readonly IdTable[] {
  const filled = tables.filter(table => table.idCount > 0)
  filled.sort((a, b) => a.touched - b.touched || b.byteSize - a.byteSize)
  const chosen: IdTable[] = []
  let left = size
  for (const table of filled) {
    if (left <= sizeMax) break
    chosen.push(table)
    left -= table.byteSize
  }
  return chosen
}

function toBlock(table: IdTable): IdBlock {
  return { bucket: table.bucket, ids: toBytes(table.toIds()) }
}

function isNotEmpty(block: IdBlock): boolean {
  return block.ids.length >= ID_BYTES
}
