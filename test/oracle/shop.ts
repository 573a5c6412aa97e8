/**
 * The shop as the oracle knows it: its event types and its metrics, written out by hand from the
 * sample file and from the promise of what comes built in; and the form that a test gives more in.
 */

export interface OracleField {
  readonly name: string
  readonly kind: 'string' | 'integer' | 'decimal' | 'money' | 'boolean' | 'list'
  readonly optional?: boolean
  readonly min?: number
  readonly max?: number
  readonly scale?: number
  readonly fields?: readonly OracleField[]
}

export interface OracleType {
  readonly name: string
  readonly fields: readonly OracleField[]
}

export interface OracleSettings {
  readonly types: readonly OracleType[]
  readonly topicPrefix: string
  readonly currency: string
  readonly zone: string
  readonly dedupDays: number
  readonly futureSkewMs: number
  readonly eventAgeMsMax: number | null
}

export type OracleWhere = { readonly [path: string]: string | number | boolean | null }

export type OracleMeasure =
  | { readonly kind: 'count'; readonly where: OracleWhere | null }
  | { readonly kind: 'sum' | 'min' | 'max' | 'count_distinct'; readonly field: string }
  | { readonly kind: 'ratio'; readonly numerator: string; readonly denominator: string }

export interface OracleMetric {
  readonly name: string
  readonly from: readonly string[] | null
  readonly window: string
  readonly groupBy: readonly string[]
  readonly measures: { readonly [name: string]: OracleMeasure }
  readonly where: OracleWhere | null
  readonly once: string | null
  readonly top: { readonly by: string; readonly limit: number } | null
  readonly zone: string | null
}

const text = (name: string): OracleField => ({ name, kind: 'string', optional: true })
const product: OracleField = { name: 'product_id', kind: 'string' }

export const SHOP_TYPES: readonly OracleType[] = [
  { name: 'page_view', fields: [text('page_url'), text('device'), text('browser')] },
  {
    name: 'product_view',
    fields: [
      product,
      text('product_name'),
      text('category'),
      { name: 'price', kind: 'money', optional: true },
    ],
  },
  { name: 'add_to_cart', fields: [product, { name: 'quantity', kind: 'integer', min: 1 }] },
  {
    name: 'purchase',
    fields: [
      { name: 'order_id', kind: 'string' },
      { name: 'total_amount', kind: 'money' },
      text('payment_method'),
      {
        name: 'products',
        kind: 'list',
        optional: true,
        fields: [
          text('product_id'),
          { name: 'quantity', kind: 'integer', optional: true, min: 1 },
          { name: 'price', kind: 'money', optional: true },
        ],
      },
    ],
  },
  {
    name: 'search',
    fields: [
      { name: 'query', kind: 'string' },
      { name: 'results_count', kind: 'integer', optional: true, min: 0 },
    ],
  },
  { name: 'add_to_wishlist', fields: [product] },
]

export const SHOP_SETTINGS: OracleSettings = {
  types: SHOP_TYPES,
  topicPrefix: '',
  currency: 'USD',
  zone: 'UTC',
  dedupDays: 1,
  futureSkewMs: 3_600_000,
  eventAgeMsMax: null,
}

const nothing = { groupBy: [], where: null, once: null, top: null, zone: null }
const count: OracleMeasure = { kind: 'count', where: null }
const users: OracleMeasure = { kind: 'count_distinct', field: 'user_id' }
const perProduct = { ...nothing, window: 'hour', groupBy: ['data.product_id'] }
const everyone = { ...nothing, from: null, measures: { users } }
const sales = {
  ...nothing,
  from: ['purchase'],
  once: 'data.order_id',
  measures: {
    orders: count,
    revenue: { kind: 'sum', field: 'data.total_amount' },
    average_order_value: { kind: 'ratio', numerator: 'revenue', denominator: 'orders' },
  },
} as const

export const SHOP_QUESTIONS: readonly OracleMetric[] = [
  {
    ...nothing,
    name: 'events_per_minute',
    from: null,
    window: 'minute',
    groupBy: ['event_type'],
    measures: { events: count },
  },
  {
    ...perProduct,
    name: 'product_views',
    from: ['product_view'],
    measures: { views: count, viewers: users },
  },
  {
    ...perProduct,
    name: 'top_products',
    from: ['product_view'],
    window: 'all',
    measures: { views: count },
    top: { by: 'views', limit: 10 },
  },
  { ...everyone, name: 'unique_users_hourly', window: 'hour' },
  { ...everyone, name: 'unique_users_daily', window: 'day' },
  { ...sales, name: 'sales', window: 'hour' },
  { ...sales, name: 'sales_daily', window: 'day' },
  {
    ...perProduct,
    name: 'cart_adds',
    from: ['add_to_cart'],
    measures: { adds: count, units: { kind: 'sum', field: 'data.quantity' } },
  },
  {
    ...perProduct,
    name: 'searches',
    from: ['search'],
    groupBy: ['data.query'],
    measures: {
      searches: count,
      no_results: { kind: 'count', where: { 'data.results_count': 0 } },
    },
  },
  { ...perProduct, name: 'wishlist_adds', from: ['add_to_wishlist'], measures: { adds: count } },
]
