/**
 * The baseline: the same exact job as the engine's, as most would write it. JSON.parse per event,
 * a check of every declared field, Map and Set for state, strings for keys. One thread, nothing
 * durable; its windows are cut off the timestamp's text, the cheapest way there is.
 */
import { toDayNumber, toHourText, toMinuteText } from './times.ts'

interface Event {
  readonly event_id: string
  readonly event_type: string
  readonly user_id: string
  readonly timestamp: string
  readonly data: {
    readonly product_id?: string
    readonly quantity?: number
    readonly order_id?: string
    readonly total_amount?: number
    readonly currency?: string
    readonly query?: string
    readonly results_count?: number
  }
}

type Kind = 'string' | 'count' | 'positive' | 'amount' | 'list'

/** The fields of each type; those whose name ends in `?` may be missing. */
const FIELDS: Record<
  string,
  readonly (readonly [name: string, isOptional: boolean, kind: Kind])[]
> = Object.fromEntries(
  Object.entries({
    page_view: { 'page_url?': 'string', 'device?': 'string', 'browser?': 'string' },
    product_view: {
      product_id: 'string',
      'product_name?': 'string',
      'category?': 'string',
      'price?': 'amount',
    },
    add_to_cart: { product_id: 'string', quantity: 'positive' },
    purchase: {
      order_id: 'string',
      total_amount: 'amount',
      'payment_method?': 'string',
      'products?': 'list',
    },
    search: { query: 'string', 'results_count?': 'count' },
    add_to_wishlist: { product_id: 'string' },
  } satisfies Record<string, Record<string, Kind>>).map(([type, fields]) => [
    type,
    Object.entries(fields).map(([name, kind]) => [
      name.replace('?', ''),
      name.endsWith('?'),
      kind as Kind,
    ]),
  ]),
)
const PRODUCT = [
  ['product_id', true, 'string'],
  ['quantity', true, 'positive'],
  ['price', true, 'amount'],
] as const
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const ID_BYTES_MAX = 256
const AMOUNT_MAX = 1e13

export interface Baseline {
  add(line: string): void
  /** What was counted, for comparing with the engine. */
  totals(): { accepted: number; duplicate: number; invalid: number; views: number; cents: bigint }
}

export function createBaseline(): Baseline {
  const seen = new Map<number, Set<string>>()
  const eventsPerMinute = new Map<string, number>()
  const views = new Map<string, { views: number; viewers: Set<string> }>()
  const topProducts = new Map<string, number>()
  const hourlyUsers = new Map<string, Set<string>>()
  const dailyUsers = new Map<number, Set<string>>()
  const orders = [new Set<string>(), new Set<string>()]
  const sales = [
    new Map<string, { orders: number; cents: bigint }>(),
    new Map<string, { orders: number; cents: bigint }>(),
  ]
  const cartAdds = new Map<string, { adds: number; units: number }>()
  const searches = new Map<string, { searches: number; noResults: number }>()
  const wishlistAdds = new Map<string, number>()
  let [accepted, duplicate, invalid] = [0, 0, 0]

  const isSeen = (event: Event, day: number): boolean => {
    const id = `${event.event_type}\0${event.user_id}\0${event.event_id}`
    for (const other of [day - 1, day, day + 1]) if (seen.get(other)?.has(id)) return true
    getOrMake(seen, day, () => new Set()).add(id)
    return false
  }

  return {
    add: line => {
      const event = parse(line)
      const time = event === null ? Number.NaN : Date.parse(event.timestamp)
      if (event === null || Number.isNaN(time)) {
        invalid += 1
        return
      }
      const day = toDayNumber(time)
      if (isSeen(event, day)) {
        duplicate += 1
        return
      }
      accepted += 1
      const { data, user_id: user } = event
      const hour = toHourText(event.timestamp)
      increment(eventsPerMinute, `${toMinuteText(event.timestamp)}\0${event.event_type}`)
      getOrMake(hourlyUsers, hour, () => new Set()).add(user)
      getOrMake(dailyUsers, day, () => new Set()).add(user)
      switch (event.event_type) {
        case 'product_view': {
          const row = getOrMake(views, `${hour}\0${data.product_id}`, () => ({
            views: 0,
            viewers: new Set<string>(),
          }))
          row.views += 1
          row.viewers.add(user)
          increment(topProducts, data.product_id ?? '')
          break
        }
        case 'add_to_cart': {
          const row = getOrMake(cartAdds, `${hour}\0${data.product_id}`, () => ({
            adds: 0,
            units: 0,
          }))
          row.adds += 1
          row.units += data.quantity ?? 0
          break
        }
        case 'purchase':
          for (const [index, window] of [hour, String(day)].entries()) {
            const order = `${user}\0${data.order_id}`
            if (orders[index]?.has(order)) continue
            orders[index]?.add(order)
            const key = `${window}\0${data.currency ?? 'USD'}`
            const row = getOrMake(sales[index] ?? new Map(), key, () => ({ orders: 0, cents: 0n }))
            row.orders += 1
            row.cents += BigInt(Math.round((data.total_amount ?? 0) * 100))
          }
          break
        case 'search': {
          const row = getOrMake(searches, `${hour}\0${data.query}`, () => ({
            searches: 0,
            noResults: 0,
          }))
          row.searches += 1
          if (data.results_count === 0) row.noResults += 1
          break
        }
        case 'add_to_wishlist':
          increment(wishlistAdds, `${hour}\0${data.product_id}`)
          break
      }
    },
    totals: () => ({
      accepted,
      duplicate,
      invalid,
      views: [...topProducts.values()].reduce((sum, count) => sum + count, 0),
      cents: [...(sales[0]?.values() ?? [])].reduce((sum, row) => sum + row.cents, 0n),
    }),
  }
}

/** null: invalid, as far as a plain program looks. */
function parse(line: string): Event | null {
  try {
    const event = JSON.parse(line) as Event
    const fields = FIELDS[event.event_type]
    if (fields === undefined || !isId(event.event_id) || !isId(event.user_id)) return null
    if (!TIMESTAMP.test(event.timestamp)) return null
    return isOf(event.data, fields) ? event : null
  } catch {
    return null
  }
}

function isId(text: unknown): boolean {
  return typeof text === 'string' && text !== '' && Buffer.byteLength(text) <= ID_BYTES_MAX
}

function isOf(
  value: Event['data'],
  fields: readonly (readonly [name: string, isOptional: boolean, kind: Kind])[],
): boolean {
  for (const [name, isOptional, kind] of fields) {
    const field = (value as Record<string, unknown>)[name] ?? null
    if (field === null ? !isOptional : !isKind(field, kind)) return false
  }
  return true
}

function isKind(field: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'string':
      return typeof field === 'string'
    case 'count':
      return Number.isInteger(field) && (field as number) >= 0
    case 'positive':
      return Number.isInteger(field) && (field as number) >= 1
    case 'amount': {
      if (typeof field !== 'number' || Math.abs(field) > AMOUNT_MAX) return false
      return Math.round(field * 100) / 100 === field
    }
    case 'list':
      return Array.isArray(field) && field.every(item => isOf(item as Event['data'], PRODUCT))
  }
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

function increment(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1)
}
