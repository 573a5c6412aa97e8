import { expect, test } from 'vitest'
import { openMemoryLog } from '../../log/memory/memory-log.ts'
import { sampleLine } from '../../model/ledger.fixture.ts'
import type { Ledger, LedgerPartition } from '../../model/ledger.ts'
import { toUtf8 } from '../../std/bytes.ts'
import { createSystemClock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import { createOwnAudit } from './own-audit.ts'

const NEVER = new AbortController().signal
const clock = createSystemClock()

const line = (partition: number, balanced: boolean): LedgerPartition => {
  return sampleLine({ topic: 'sold', partition, offset_next: 1, balanced })
}

const LEDGER: Ledger = { balanced: false, partitions: [line(0, true), line(1, false)] }

async function auditOf(
  shards: readonly number[],
  readLedger: () => Promise<Ledger> = async () => LEDGER,
): Promise<object | null> {
  await using log = await openMemoryLog({ topics: ['sold'], partitions: 3, clock })
  for (const partition of [0, 0, 1, 1, 2]) {
    const record = { topic: 'sold', partition, key: null, value: toUtf8('{}'), headers: [] }
    await log.append([record], NEVER)
  }
  return await createOwnAudit({ log, clock, readLedger, shards: () => shards, signal: NEVER })()
}

test('a worker tells of its own shards, those that nobody read yet too', async () => {
  expect(await auditOf([0, 2])).toMatchObject({
    balanced: true,
    lag: 2,
    partitions: [
      { partition: 0, lag: 1 },
      { partition: 2, lag: 1, consumed: 0 },
    ],
  })
  expect(await auditOf([1])).toMatchObject({ balanced: false, partitions: [{ partition: 1 }] })
})

test('without shards, or where the place cannot be read, it tells nothing', async () => {
  expect(await auditOf([])).toBeNull()
  const unread = Promise.reject(new Fault('STORE_UNAVAILABLE', 'the bucket does not answer'))
  expect(await auditOf([0], () => unread)).toBeNull()
  await expect(auditOf([0], () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug')
})
