/** An EventLog of partitions that this process owns: what the segment and memory adapters share. */
import { Fault } from '../std/fault.ts'
import { appendTo } from './append.ts'
import type { Bell } from './bell.ts'
import type { EventLog } from './log.ts'
import type { Partition, PartitionTable } from './partition.ts'
import { pull } from './pull.ts'
import type { Quota } from './quota.ts'

export interface LogParts {
  readonly partitions: PartitionTable<Partition>
  readonly quota: Quota
  /** Rung by the partitions whenever something became durable. */
  readonly bell: Bell
}

/** Closing ends the appends under way, then the readers; later appends are LOG_UNAVAILABLE. */
export function createPartitionedLog(parts: LogParts): EventLog {
  const { partitions, bell } = parts
  let isClosed = false
  return {
    append: (records, signal) => {
      if (isClosed) return Promise.reject(new Fault('LOG_UNAVAILABLE', 'the log is closed'))
      return appendTo(parts, records, signal)
    },
    read: (positions, options, signal) => {
      const cursors = positions.map(({ topic, partition, offset }) =>
        partitions.get(topic, partition).cursorAt(offset),
      )
      return pull(cursors, options, { bell, signal, isClosed: () => isClosed })
    },
    bounds: async signal => {
      signal.throwIfAborted()
      return partitions.all.map(partition => partition.bounds())
    },
    release: positions => {
      for (const { topic, partition, offset } of positions) {
        partitions.get(topic, partition).release(offset)
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (isClosed) return
      isClosed = true
      bell.ring()
      await Promise.all(partitions.all.map(partition => partition.close()))
    },
  }
}
