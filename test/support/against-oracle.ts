/** Holds a running process to what its own log says: 0 lost, 0 counted twice. */
import { deepStrictEqual } from 'node:assert'
import { join } from 'node:path'
import { judge } from '../oracle/judge.ts'
import { recountLedger, toLedgerLines } from '../oracle/ledger.ts'
import type { OracleRecord } from '../oracle/read-log.ts'
import { readLog } from '../oracle/read-log.ts'
import { recount } from '../oracle/recount.ts'
import { SHOP_QUESTIONS, SHOP_SETTINGS } from '../oracle/shop.ts'
import { readRows, waitUntilDigested } from './process.ts'
import { toOracleRows } from './product.ts'

export interface Subject {
  /** Where the process answers; nobody sends to it any more. */
  readonly url: string
  /** Its data directory. */
  readonly directory: string
  /** How often each item, as its text, was acknowledged. */
  readonly acknowledged: ReadonlyMap<string, number>
}

/** Throws where an acknowledged item is not in the log, or any number is not the oracle's. */
export async function assertNothingLost(subject: Subject): Promise<void> {
  const audit = await waitUntilDigested(subject.url)
  const records = readLog(join(subject.directory, 'log'))
  assertStored(subject.acknowledged, records)
  const judged = judge(records, SHOP_SETTINGS)
  deepStrictEqual(toLedgerLines(audit.partitions), recountLedger(judged), 'the ledger')
  deepStrictEqual(audit.balanced, true, 'the ledger is balanced')
  for (const metric of SHOP_QUESTIONS) {
    const rows = toOracleRows(await readRows(subject.url, metric.name))
    const expected = recount(metric, judged, SHOP_SETTINGS)
    deepStrictEqual(rows, expected, `metric ${metric.name} is not as the oracle counts it`)
  }
}

/** Throws where the log lacks an item, or has it less often than it was acknowledged. */
export function assertStored(
  acknowledged: ReadonlyMap<string, number>,
  records: readonly OracleRecord[],
): void {
  const stored = new Map<string, number>()
  for (const { value } of records) {
    const text = Buffer.from(value ?? []).toString()
    stored.set(text, (stored.get(text) ?? 0) + 1)
  }
  const lost = [...acknowledged].filter(([item, times]) => (stored.get(item) ?? 0) < times)
  deepStrictEqual(lost, [], 'acknowledged items that the log does not hold')
}
