/**
 * Rejected records → a topic of their own, with the key and bytes that they came with, for those
 * who mend and send them again. It is done before the commit that counts them, so that none is left
 * out; after a crash in between, some are there twice: topic, partition and offset in their headers
 * tell.
 */
import type { EventLog } from '../log/log.ts'
import type { Header, NewRecord } from '../model/record.ts'
import {
  HEADER_CODE,
  HEADER_OFFSET,
  HEADER_PARTITION,
  HEADER_POINTER,
  HEADER_TOPIC,
} from '../model/record.ts'
import type { Reject } from '../model/step.ts'
import { toUtf8 } from '../std/bytes.ts'
import type { Clock } from '../std/clock.ts'
import { isFault } from '../std/fault.ts'
import { SECOND_MS } from '../std/units.ts'

/** Resolves when all are acknowledged, or the signal aborts. */
export type PublishRejects = (rejects: readonly Reject[], signal: AbortSignal) => Promise<void>

const RETRY_MS = SECOND_MS
/** Together they stay far below what waits for a broker at most. */
const RECORDS_AT_ONCE = 200

/** `log` has the topic, of as many partitions as those that are counted. */
export function createPublishRejects(log: EventLog, topic: string, clock: Clock): PublishRejects {
  return async (rejects, signal) => {
    for (let start = 0; start < rejects.length; start += RECORDS_AT_ONCE) {
      const records = rejects.slice(start, start + RECORDS_AT_ONCE).map(one => toRecord(one, topic))
      while (!signal.aborted && !(await tryAppend(log, records, signal))) {
        await clock.sleep(RETRY_MS, signal)
      }
    }
  }
}

async function tryAppend(
  log: EventLog,
  records: readonly NewRecord[],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await log.append(records, signal)
    return true
  } catch (error) {
    if (signal.aborted || isFault(error, 'LOG_UNAVAILABLE', 'LOG_FULL')) return false
    throw error
  }
}

function toRecord(reject: Reject, topic: string): NewRecord {
  const { partition, offset, code, pointer, key, value } = reject
  const header = (name: string, text: string): Header => ({ key: name, value: toUtf8(text) })
  return {
    topic,
    partition,
    key,
    value: value ?? new Uint8Array(0),
    headers: [
      header(HEADER_TOPIC, reject.topic),
      header(HEADER_PARTITION, String(partition)),
      header(HEADER_OFFSET, String(offset)),
      header(HEADER_CODE, code),
      header(HEADER_POINTER, pointer),
    ],
  }
}
