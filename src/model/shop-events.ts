/**
 * The six event types that come built in, as the shop that this project started from sends them.
 */
import type { EventSchema } from './event.ts'
import { defineEvent } from './event.ts'
import type { IntegerField, ListField, MoneyField, StringField } from './field.ts'
import { integer, list, money, string } from './field.ts'

export const pageView: EventSchema<
  'page_view',
  {
    readonly page_url: StringField<true>
    readonly device: StringField<true>
    readonly browser: StringField<true>
  }
> = defineEvent('page_view', {
  page_url: string({ optional: true }),
  device: string({ optional: true }),
  browser: string({ optional: true }),
})

export const productView: EventSchema<
  'product_view',
  {
    readonly product_id: StringField<false>
    readonly product_name: StringField<true>
    readonly category: StringField<true>
    readonly price: MoneyField<true>
  }
> = defineEvent('product_view', {
  product_id: string(),
  product_name: string({ optional: true }),
  category: string({ optional: true }),
  price: money({ optional: true }),
})

export const addToCart: EventSchema<
  'add_to_cart',
  { readonly product_id: StringField<false>; readonly quantity: IntegerField<false> }
> = defineEvent('add_to_cart', { product_id: string(), quantity: integer({ min: 1 }) })

export const purchase: EventSchema<
  'purchase',
  {
    readonly order_id: StringField<false>
    readonly total_amount: MoneyField<false>
    readonly payment_method: StringField<true>
    readonly products: ListField<true>
  }
> = defineEvent('purchase', {
  order_id: string(),
  total_amount: money(),
  payment_method: string({ optional: true }),
  products: list(
    {
      product_id: string({ optional: true }),
      quantity: integer({ optional: true, min: 1 }),
      price: money({ optional: true }),
    },
    { optional: true },
  ),
})

export const search: EventSchema<
  'search',
  { readonly query: StringField<false>; readonly results_count: IntegerField<true> }
> = defineEvent('search', {
  query: string(),
  results_count: integer({ optional: true, min: 0 }),
})

export const addToWishlist: EventSchema<
  'add_to_wishlist',
  { readonly product_id: StringField<false> }
> = defineEvent('add_to_wishlist', { product_id: string() })

export const SHOP_EVENTS: readonly EventSchema[] = [
  pageView,
  productView,
  addToCart,
  purchase,
  search,
  addToWishlist,
]
