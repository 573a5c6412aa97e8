/** How the tests of stores ask. */
import { expect } from 'vitest'
import type { MetricPlan } from '../model/plan.ts'
import type { Question, ResultRow } from '../model/result.ts'
import type { FaultCode } from '../std/fault.ts'
import type { AnswerStore, Store } from './store.ts'

/** A place to keep things that outlives the stores opened on it. */
export interface StoreBed extends AsyncDisposable {
  open(plans: readonly MetricPlan[], shards?: number): Promise<Store>
}

export const ALL: Omit<Question, 'metric'> = {
  fromMs: null,
  toMs: null,
  limit: 1_000,
  cursor: null,
}

type Asked = Pick<AnswerStore, 'query'>

export async function rowsOf(store: Asked, metric: string): Promise<readonly ResultRow[]> {
  return (await store.query({ ...ALL, metric })).rows
}

/** All rows by pages of `limit`. */
export async function pagesOf(
  store: Asked,
  metric: string,
  limit: number,
  more: Pick<Question, 'last'> = {},
): Promise<readonly ResultRow[]> {
  const rows: ResultRow[] = []
  let cursor: string | null = null
  do {
    const page = await store.query({ ...ALL, ...more, metric, limit, cursor })
    expect(page.rows.length).toBeLessThanOrEqual(limit)
    rows.push(...page.rows)
    cursor = page.next
  } while (cursor !== null)
  return rows
}

export async function expectFault(
  work: () => Promise<unknown>,
  code: FaultCode,
  message: RegExp,
): Promise<void> {
  await expect(work()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
}
