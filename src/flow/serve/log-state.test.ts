import { expect, test } from 'vitest'
import { toAuditAnswer } from '../../api/answers.ts'
import type { EventLog } from '../../log/log.ts'
import { openMemoryLog } from '../../log/memory/memory-log.ts'
import { sampleLine } from '../../model/ledger.fixture.ts'
import type { Ledger, LedgerPartition } from '../../model/ledger.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { Clock } from '../../std/clock.ts'
import { createSystemClock } from '../../std/clock.ts'
import { createLogState } from './log-state.ts'

const NEVER = new AbortController().signal

const line = (partition: number, offset: number): LedgerPartition => {
  return sampleLine({ topic: 'sold', partition, offset_next: offset })
}
const ledgerOf = (...partitions: readonly LedgerPartition[]): Ledger => {
  return { balanced: true, partitions }
}

test('tells when the oldest record came that is not digested, and no other', async () => {
  let nowMs = 1_000
  const clock: Clock = { ...createSystemClock(), now: () => nowMs, monotonic: () => nowMs }
  await using log = await openMemoryLog({ topics: ['sold'], partitions: 3, clock })
  const append = async (partition: number): Promise<void> => {
    const record = { topic: 'sold', partition, key: null, value: toUtf8('{}'), headers: [] }
    await log.append([record], NEVER)
  }
  for (nowMs of [1_000, 2_000, 3_000]) await append(0)
  await append(1)
  const read = createLogState(log, clock)

  const first = await read(ledgerOf(line(0, 1), line(1, 1)), NEVER)
  expect(first.oldestMs).toEqual(new Map([['sold 0', 2_000]]))
  expect(first.nowMs).toBe(3_000)
  // It moved on: what is known is good enough for a moment, and then read anew.
  expect((await read(ledgerOf(line(0, 2)), NEVER)).oldestMs.get('sold 0')).toBe(2_000)
  nowMs = 9_000
  const last = await read(ledgerOf(line(0, 2), line(1, 0)), NEVER)
  expect(last.oldestMs).toEqual(
    new Map([
      ['sold 0', 3_000],
      ['sold 1', 3_000],
    ]),
  )
  expect((await read(ledgerOf(line(0, 3), line(1, 1)), NEVER)).oldestMs).toEqual(new Map())
})

test('tells when the oldest record came that is not archived, where records expire', async () => {
  let nowMs = 1_000
  const clock: Clock = { ...createSystemClock(), now: () => nowMs, monotonic: () => nowMs }
  await using memory = await openMemoryLog({ topics: ['sold'], partitions: 4, clock })
  const retentionOf = (partition: number): number | null => (partition === 3 ? null : 60_000)
  const log: EventLog = {
    ...memory,
    bounds: async signal => {
      const bounds = await memory.bounds(signal)
      return bounds.map(bound => ({ ...bound, retentionMs: retentionOf(bound.partition) }))
    },
  }
  for (nowMs of [1_000, 2_000, 3_000]) {
    for (const partition of [0, 1, 2, 3]) {
      const record = { topic: 'sold', partition, key: null, value: toUtf8('{}'), headers: [] }
      await log.append([record], NEVER)
    }
  }
  const archived = (partition: number, offset: number | null): LedgerPartition => {
    return { ...line(partition, 3), archived_offset: offset }
  }
  const ledger = ledgerOf(archived(0, 1), archived(1, 3), archived(2, null), archived(3, 1))
  const state = await createLogState(log, clock)(ledger, NEVER)
  expect(state.oldestMs).toEqual(new Map())
  expect(state.unarchivedMs).toEqual(new Map([['sold 0', 2_000]]))

  const { partitions } = toAuditAnswer(ledger, { ...state, nowMs: 32_000 }, null)
  const hours = partitions.map(one => [one.lag_seconds, one.retention_hours])
  const minute = 60_000 / 3_600_000
  expect(hours).toEqual([
    [0, minute / 2],
    [0, minute],
    [0, minute],
    [0, null],
  ])
})
