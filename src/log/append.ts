/** One call's records, spread over partitions, become one answer in the order of the call. */

import type { Appended, NewRecord } from '../model/record.ts'
import { BATCH_HEADER_BYTES, recordBytesMax } from '../model/record-batch.ts'
import { present } from '../std/assert.ts'
import { Fault, isFault } from '../std/fault.ts'
import type { Landing, Partition, PartitionTable } from './partition.ts'
import type { Quota } from './quota.ts'

/** What takes records: a partition of this process, or the way to one of a broker's. */
export type Appender = Pick<Partition, 'refusal' | 'append'>

/** What one call has for one partition, and where its records stand in the call. */
interface Portion {
  readonly partition: Appender
  readonly records: NewRecord[]
  readonly indexes: number[]
}

/**
 * Appends as the door says. All partitions take their records in the same instant, or none does:
 * LOG_FULL and a refusing partition are told before anything is queued. Once called off it rejects
 * with the signal's reason; what was queued is written all the same.
 */
export function appendTo(
  { partitions, quota }: { partitions: PartitionTable<Appender>; quota: Quota },
  records: readonly NewRecord[],
  signal: AbortSignal,
): Promise<readonly Appended[]> {
  // Every event that comes alone passes here, so it is one promise and not a chain of them.
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const portions = toPortions(partitions, records)
    for (const { partition } of portions) if (partition.refusal !== null) throw partition.refusal
    const giveBack = quota.reserve(bytesMaxOf(portions))
    const waiting = waitingOn(signal)
    waiting.add(reject)
    const settle = (landings: readonly Landing[]): void => {
      giveBack()
      waiting.delete(reject)
      const failure = findFailure(landings)
      if (failure === null) resolve(inOrderOfCall(portions, landings))
      else reject(failure.error)
    }
    landAll(portions, settle)
  })
}

function landAll(
  portions: readonly Portion[],
  settle: (landings: readonly Landing[]) => void,
): void {
  const landings: Landing[] = []
  let leftCount = portions.length
  if (leftCount === 0) settle(landings)
  portions.forEach(({ partition, records }, which) => {
    const note = (landing: Landing): void => {
      landings[which] = landing
      leftCount -= 1
      if (leftCount === 0) settle(landings)
    }
    partition.append(records).then(note, (error: unknown) => note({ places: [], error }))
  })
}

function toPortions(
  partitions: PartitionTable<Appender>,
  records: readonly NewRecord[],
): readonly Portion[] {
  const [only] = records
  if (only !== undefined && records.length === 1) {
    const partition = partitions.get(only.topic, only.partition)
    return [{ partition, records: [only], indexes: [0] }]
  }
  const portions = new Map<Appender, Portion>()
  records.forEach((record, index) => {
    const partition = partitions.get(record.topic, record.partition)
    let portion = portions.get(partition)
    if (portion === undefined) {
      portion = { partition, records: [], indexes: [] }
      portions.set(partition, portion)
    }
    portion.records.push(record)
    portion.indexes.push(index)
  })
  return [...portions.values()]
}

function bytesMaxOf(portions: readonly Portion[]): number {
  let bytesMax = portions.length * BATCH_HEADER_BYTES
  for (const { records } of portions) {
    for (const record of records) bytesMax += recordBytesMax(record)
  }
  return bytesMax
}

type Reject = (reason: unknown) => void

/** Those who wait for the log, by the signal that calls them off: it has one listener for all. */
const waitingBySignal = new WeakMap<AbortSignal, Set<Reject>>()

function waitingOn(signal: AbortSignal): Set<Reject> {
  const known = waitingBySignal.get(signal)
  if (known !== undefined) return known
  const waiting = new Set<Reject>()
  waitingBySignal.set(signal, waiting)
  const callOff = (): void => {
    for (const reject of waiting) reject(signal.reason)
  }
  signal.addEventListener('abort', callOff, { once: true })
  return waiting
}

/** The first error. LOG_FULL says that nothing was appended, so it is told only then. */
function findFailure(landings: readonly Landing[]): Pick<Landing, 'error'> | null {
  const failed = landings.find(landing => landing.error !== null)
  if (failed === undefined) return null
  const hasFullOnly = landings.every(
    landing => landing.places.length === 0 && isFault(landing.error, 'LOG_FULL'),
  )
  if (!isFault(failed.error, 'LOG_FULL') || hasFullOnly) return failed
  const message = 'the disk became full before all records were appended'
  return { error: new Fault('LOG_UNAVAILABLE', message, { cause: failed.error }) }
}

function inOrderOfCall(
  portions: readonly Portion[],
  landings: readonly Landing[],
): readonly Appended[] {
  const [only] = landings
  if (only !== undefined && landings.length === 1) return only.places
  const appended: Appended[] = []
  portions.forEach(({ indexes }, which) => {
    const places = landings[which]?.places ?? []
    indexes.forEach((index, nth) => {
      appended[index] = present(places[nth], 'the place of an appended record')
    })
  })
  return appended
}
