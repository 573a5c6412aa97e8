// A shop that also collects reviews. Try it: ./weir import examples/reviews.ndjson \
//   --config examples/weir.config.ts, then query stars_by_product.
import {
  count,
  countDistinct,
  defineConfig,
  defineEvent,
  defineMetric,
  integer,
  purchase,
  ratio,
  string,
  sum,
} from 'weir'

const reviewPosted = defineEvent('review_posted', {
  product_id: string(),
  stars: integer({ min: 1, max: 5 }),
  text: string({ optional: true }),
})

export default defineConfig({
  zone: 'Europe/Berlin',
  currency: 'EUR',
  events: [reviewPosted],
  metrics: [
    defineMetric('stars_by_product', {
      from: reviewPosted,
      window: 'day',
      groupBy: ['data.product_id'],
      measures: {
        reviews: count(),
        reviewers: countDistinct('user_id'),
        stars: sum('data.stars'),
        average: ratio('stars', 'reviews'),
      },
      top: { by: 'reviews', limit: 100 },
    }),
    // An order counts once, however often its page was loaded again.
    defineMetric('revenue_by_payment', {
      from: purchase,
      window: 'month',
      groupBy: ['data.payment_method'],
      once: 'data.order_id',
      measures: { orders: count(), revenue: sum('data.total_amount') },
    }),
  ],
})
