/** The results as one readable line, for `weir start`: what a person wants to see it do. */
import type { Ledger } from '../../model/ledger.ts'
import { invalidTotal } from '../../model/ledger.ts'
import type { Question, ResultRow, Value } from '../../model/result.ts'
import type { Store } from '../../store/store.ts'
import { toValueText } from '../terminal/table.ts'
import { toSafeText } from '../terminal/terminal.ts'

const PRODUCTS_SHOWN = 3
/** Of one window: as many as there are event types, and far fewer than this. */
const ROWS_MAX = 10_000

/** null where nothing was counted yet. */
export async function toReportLine(store: Store, progress: number | null): Promise<string | null> {
  if (progress === null) return null
  const minutes = await ask(store, { metric: 'events_per_minute', last: 1, limit: ROWS_MAX })
  const products = await ask(store, { metric: 'top_products', limit: PRODUCTS_SHOWN })
  const [sales] = await ask(store, { metric: 'sales_daily', last: 1, limit: 1 })
  const [users] = await ask(store, { metric: 'unique_users_daily', last: 1, limit: 1 })
  const ledger = await store.audit()
  const [minute] = minutes
  const window = minute === undefined ? '' : `${minute.window_start} ${minute.status}`
  const parts = [
    `events ${minutes.reduce((sum, row) => sum + toNumber(row.values['events']), 0)}`,
    `top ${products.map(toProductText).join(', ') || '–'}`,
    `orders ${toNumber(sales?.values['orders'])}`,
    `revenue ${toValueText(sales?.values['revenue'] ?? null)}`,
    `users ${toNumber(users?.values['users'])}`,
    toLedgerText(ledger),
  ]
  return `${window}  ${parts.join(' · ')}`
}

async function ask(
  store: Store,
  question: Pick<Question, 'metric' | 'limit' | 'last'>,
): Promise<readonly ResultRow[]> {
  const result = await store.query({ fromMs: null, toMs: null, cursor: null, ...question })
  return result.rows
}

function toNumber(value: Value | undefined): number {
  return typeof value === 'number' ? value : 0
}

function toProductText(row: ResultRow): string {
  return `${toSafeText(row.key['product_id'] ?? '∅')} ${toNumber(row.values['views'])}`
}

function toLedgerText(ledger: Ledger): string {
  let [consumed, accepted, duplicate, invalid] = [0, 0, 0, 0]
  for (const line of ledger.partitions) {
    consumed += line.consumed
    accepted += line.accepted
    duplicate += line.duplicate
    invalid += invalidTotal(line)
  }
  const sum = `${consumed} = ${accepted} accepted + ${duplicate} duplicate + ${invalid} invalid`
  return `ledger ${ledger.balanced ? 'balanced' : 'DOES NOT BALANCE'}: ${sum}`
}
