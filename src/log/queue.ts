/**
 * Group commit: the records that arrive while a batch is on its way form the next one. Calls wait
 * in order; a call may fill several batches, and a batch take several calls.
 */
import type { Appended, NewRecord } from '../model/record.ts'
import { createBatchPlan } from './batching.ts'
import type { Landing } from './partition.ts'

export interface AppendQueue {
  readonly isEmpty: boolean
  /** Resolves when all of the records have landed, or some of them failed. */
  add(records: readonly NewRecord[]): Promise<Landing>
  /**
   * The next batch: as many of the waiting records as fit. There is one; it stays the next until it
   * has landed or failed, and calls one of both once.
   */
  gather(): Gathered
}

export interface Gathered {
  readonly records: readonly NewRecord[]
  /** All of them rest in the partition, from this offset on. */
  land(written: { readonly baseOffset: number; readonly arrivalMs: number }): void
  /** Ends the calls that have records in it, with the records of theirs that are not in it. */
  fail(error: unknown): void
}

interface Waiting {
  readonly records: readonly NewRecord[]
  /** How many of them have landed, and where. */
  readonly places: Appended[]
  readonly settle: (landing: Landing) => void
}

/** Which of the waiting records go into the batch: of this call so many, from the first left on. */
interface Share {
  readonly waiting: Waiting
  readonly count: number
}

export function createAppendQueue(place: {
  readonly topic: string
  readonly partition: number
}): AppendQueue {
  const queue: Waiting[] = []
  return {
    get isEmpty() {
      return queue.length === 0
    },
    add: records =>
      new Promise(settle => {
        queue.push({ records, places: [], settle })
      }),
    gather: () => {
      const { records, shares } = share(queue)
      return {
        records,
        land: written => {
          land(shares, written, place)
          // All of them are whole, but perhaps the last.
          queue.splice(0, shares.filter(({ waiting }) => isLanded(waiting)).length)
        },
        fail: error => {
          queue.splice(0, shares.length)
          for (const { waiting } of shares) waiting.settle({ places: waiting.places, error })
        },
      }
    },
  }
}

function share(queue: readonly Waiting[]): {
  readonly records: readonly NewRecord[]
  readonly shares: readonly Share[]
} {
  const plan = createBatchPlan()
  const shares: Share[] = []
  for (const waiting of queue) {
    const start = waiting.places.length
    const end = plan.fill(waiting.records, start)
    if (end > start) shares.push({ waiting, count: end - start })
    if (end < waiting.records.length) break
  }
  return { records: plan.records, shares }
}

/** Tells every call where its records of the batch rest. */
function land(
  shares: readonly Share[],
  { baseOffset, arrivalMs }: { readonly baseOffset: number; readonly arrivalMs: number },
  { topic, partition }: { readonly topic: string; readonly partition: number },
): void {
  let offset = baseOffset
  for (const { waiting, count } of shares) {
    const { places, settle } = waiting
    for (let left = count; left > 0; left -= 1) {
      places.push({ topic, partition, offset, arrivalMs })
      offset += 1
    }
    if (isLanded(waiting)) settle({ places, error: null })
  }
}

function isLanded({ records, places }: Waiting): boolean {
  return places.length === records.length
}
