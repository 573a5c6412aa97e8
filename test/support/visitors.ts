/**
 * Seeded visitors at the door of a process that may die at any moment. They send batches over HTTP,
 * and keep the bytes of every item that was acknowledged; a batch without an answer is sent again
 * to whichever process comes next, as any client would.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Prng } from '../../src/std/prng.ts'
import { createPrng } from '../../src/std/prng.ts'

export interface Visitors {
  /** Sends from several connections until `signal` aborts; answers that come later do not count. */
  visit(url: string, signal: AbortSignal): Promise<void>
  /** How often each item, as its text, was acknowledged. */
  readonly acknowledged: ReadonlyMap<string, number>
}

/** What a request came to. */
export interface Answered {
  /** 0: the connection was lost. */
  readonly status: number
  readonly retryAfter: string | null
  readonly tookMs: number
}

export interface VisitorOptions {
  /** Between two requests of a connection; 8 if absent. */
  readonly pauseMsMax?: number
  readonly onAnswer?: (answered: Answered) => void
}

const CONNECTION_COUNT = 4
const ITEMS_PER_BATCH_MAX = 30
const PAUSE_MS_MAX = 8
const FIRST_TIME_MS = Date.parse('2024-10-25T18:00:00Z')
const SPAN_MS = 60 * 3_600_000

export function createVisitors(seed: number, options: VisitorOptions = {}): Visitors {
  const { pauseMsMax = PAUSE_MS_MAX, onAnswer = () => {} } = options
  const acknowledged = new Map<string, number>()
  const visitors = Array.from({ length: CONNECTION_COUNT }, (_, index) => {
    const prng = createPrng(seed * CONNECTION_COUNT + index)
    return { prng, newItem: createItems(prng, `c${index}`), pending: [] as string[] }
  })

  const visitFrom = async (visitor: Visitor, url: string, signal: AbortSignal): Promise<void> => {
    const { prng, newItem } = visitor
    while (!signal.aborted) {
      if (visitor.pending.length === 0) {
        const count = 1 + prng.nextBelow(ITEMS_PER_BATCH_MAX)
        visitor.pending = Array.from({ length: count }, newItem)
      }
      const isStored = await send(url, visitor.pending, { asLines: prng.nextChance(0.5), onAnswer })
      if (isStored) {
        for (const item of visitor.pending)
          acknowledged.set(item, (acknowledged.get(item) ?? 0) + 1)
        visitor.pending = []
      }
      await sleep(prng.nextBelow(pauseMsMax))
    }
  }
  return {
    acknowledged,
    visit: async (url, signal) => {
      await Promise.all(visitors.map(visitor => visitFrom(visitor, url, signal)))
    },
  }
}

interface Visitor {
  readonly prng: Prng
  readonly newItem: () => string
  pending: string[]
}

/** Whether the batch was acknowledged, every item of it. No answer is no acknowledgement. */
async function send(
  url: string,
  items: readonly string[],
  { asLines, onAnswer }: { readonly asLines: boolean } & Required<Pick<VisitorOptions, 'onAnswer'>>,
): Promise<boolean> {
  const type = asLines ? 'application/x-ndjson' : 'application/json'
  const body = asLines ? items.join('\n') : `[${items.join(',')}]`
  const beganMs = performance.now()
  const tell = (status: number, retryAfter: string | null): void =>
    onAnswer({ status, retryAfter, tookMs: performance.now() - beganMs })
  let text: string
  try {
    const headers = { 'content-type': type }
    const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body })
    text = await answer.text()
    tell(answer.status, answer.headers.get('retry-after'))
    if (answer.status >= 500) return false
    if (!answer.ok) throw new Refused(`a batch was answered ${answer.status}: ${text}`)
  } catch (error) {
    if (error instanceof Refused) throw error
    tell(0, null)
    return false
  }
  const answers = JSON.parse(text) as { readonly items: readonly { readonly status: string }[] }
  if (answers.items.length !== items.length) throw new Refused(`not one answer per item: ${text}`)
  return true
}

class Refused extends Error {}

/** Makes items one by one: mostly good events, some sent before, late, or broken. */
function createItems(prng: Prng, prefix: string): () => string {
  const recent: string[] = []
  let number = 0
  return () => {
    const old = recent[prng.nextBelow(50)]
    if (old !== undefined && prng.nextChance(0.05)) return old
    number += 1
    const item = newItem(prng, `${prefix}-${number}`)
    recent[number % 50] = item
    return item
  }
}

function newItem(prng: Prng, id: string): string {
  const pick = <T>(values: readonly T[]): T => values[prng.nextBelow(values.length)] as T
  const type = pick([
    'page_view',
    'product_view',
    'product_view',
    'add_to_cart',
    'purchase',
    'search',
  ])
  const timeMs = FIRST_TIME_MS + prng.nextBelow(SPAN_MS)
  const cents = prng.nextBelow(100_000)
  const event = {
    event_id: prng.nextChance(0.01) ? 7 : id,
    event_type: prng.nextChance(0.01) ? 'unheard_of' : type,
    user_id: `u${prng.nextBelow(60)}`,
    timestamp: prng.nextChance(0.01) ? '2999-01-01T00:00:00Z' : new Date(timeMs).toISOString(),
    data: {
      product_id: `p${prng.nextBelow(25)}`,
      quantity: 1 + prng.nextBelow(3),
      order_id: `o${prng.nextBelow(400)}`,
      total_amount: pick([cents, cents / 100]),
      query: pick(['shoe', 'Schuh ✓', '']),
      results_count: prng.nextBelow(3),
      currency: pick(['USD', 'EUR', 'JPY', undefined]),
    },
  }
  return JSON.stringify(event)
}
