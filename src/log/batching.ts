/** How records become batches: as Kafka's producers do it, within the size that brokers allow. */
import type { NewRecord } from '../model/record.ts'
import { BATCH_HEADER_BYTES, recordBytesMax } from '../model/record-batch.ts'
import { MIB } from '../std/units.ts'

/** Kafka's default of `max.message.bytes`, but 12 bytes. A single record may be larger. */
export const BATCH_BYTES_MAX: number = MIB
const BATCH_RECORDS_MAX = 10_000

/** Collects records of one batch until it is full. */
export interface BatchPlan {
  readonly records: readonly NewRecord[]
  /** Adds the records from `start` on that there is room for; gives the index of the first left. */
  fill(records: readonly NewRecord[], start: number): number
}

export function createBatchPlan(): BatchPlan {
  const planned: NewRecord[] = []
  let sizeBytes = BATCH_HEADER_BYTES
  return {
    records: planned,
    fill: (records, start) => {
      for (let index = start; index < records.length; index += 1) {
        const record = records[index]
        if (record === undefined || planned.length >= BATCH_RECORDS_MAX) return index
        sizeBytes += recordBytesMax(record)
        if (planned.length > 0 && sizeBytes > BATCH_BYTES_MAX) return index
        planned.push(record)
      }
      return records.length
    },
  }
}
