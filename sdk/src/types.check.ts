/** Read by the compiler only: what a page may not write does not compile. */
import type { ShopEvents, Weir } from './sdk.ts'

export function check(weir: Weir, more: Weir<ShopEvents & { review: { stars: number } }>): void {
  weir.purchase({ order_id: 'o-1', total_amount: 9.99, currency: 'EUR' })
  weir.track('search', { query: 'lamp', results_count: 3 })
  more.track('review', { stars: 5 })
  // @ts-expect-error: it is order_id
  weir.purchase({ orderId: 'o-1', total_amount: 9.99 })
  // @ts-expect-error: an order has an amount
  weir.purchase({ order_id: 'o-1' })
  // @ts-expect-error: a quantity is a number
  weir.addToCart({ product_id: 'p-1', quantity: '1' })
  // @ts-expect-error: there is no such type
  weir.track('searched', { query: 'lamp' })
}
