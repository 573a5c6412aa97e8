/** The metrics that every shop has from the start. */
import type { Metric } from './metric.ts'
import { count, countDistinct, defineMetric, ratio, sum } from './metric.ts'
import { addToCart, addToWishlist, productView, purchase, search } from './shop-events.ts'

const sales = {
  from: purchase,
  once: 'data.order_id',
  measures: {
    orders: count(),
    revenue: sum('data.total_amount'),
    average_order_value: ratio('revenue', 'orders'),
  },
} as const

const uniqueUsers = { from: 'all', measures: { users: countDistinct('user_id') } } as const

export const SHOP_METRICS: readonly Metric[] = [
  defineMetric('events_per_minute', {
    from: 'all',
    window: 'minute',
    groupBy: ['event_type'],
    measures: { events: count() },
  }),
  defineMetric('product_views', {
    from: productView,
    window: 'hour',
    groupBy: ['data.product_id'],
    measures: { views: count(), viewers: countDistinct('user_id') },
  }),
  defineMetric('top_products', {
    from: productView,
    window: 'all',
    groupBy: ['data.product_id'],
    measures: { views: count() },
    top: { by: 'views', limit: 10 },
  }),
  defineMetric('unique_users_hourly', { ...uniqueUsers, window: 'hour' }),
  defineMetric('unique_users_daily', { ...uniqueUsers, window: 'day' }),
  defineMetric('sales', { ...sales, window: 'hour' }),
  defineMetric('sales_daily', { ...sales, window: 'day' }),
  defineMetric('cart_adds', {
    from: addToCart,
    window: 'hour',
    groupBy: ['data.product_id'],
    measures: { adds: count(), units: sum('data.quantity') },
  }),
  defineMetric('searches', {
    from: search,
    window: 'hour',
    groupBy: ['data.query'],
    measures: { searches: count(), no_results: count({ where: { 'data.results_count': 0 } }) },
  }),
  defineMetric('wishlist_adds', {
    from: addToWishlist,
    window: 'hour',
    groupBy: ['data.product_id'],
    measures: { adds: count() },
  }),
]
