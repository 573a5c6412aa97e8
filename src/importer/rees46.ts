/**
 * The mapping that is built in: the events of an online shop that REES46 published
 * (https://www.kaggle.com/datasets/mkechinov/ecommerce-behavior-data-from-multi-category-store).
 * A file is known by its header. It names no currency; its prices are in US dollars.
 */
import type { DataSources, Mapping } from './mapping.ts'

export const REES46_COLUMNS: readonly string[] = [
  'event_time',
  'event_type',
  'product_id',
  'category_id',
  'category_code',
  'brand',
  'price',
  'user_id',
  'user_session',
]

const product: DataSources = {
  product_id: { column: 'product_id' },
  category: { column: 'category_code' },
  price: { column: 'price', as: 'number' },
  brand: { column: 'brand' },
  category_id: { column: 'category_id' },
}

export const REES46_MAPPING: Mapping = {
  format: 'csv',
  event_type: {
    column: 'event_type',
    values: { view: 'product_view', cart: 'add_to_cart', purchase: 'purchase' },
    other: 'reject',
  },
  user_id: { column: 'user_id' },
  event_id: { derive: 'line' },
  timestamp: { column: 'event_time', pattern: "yyyy-MM-dd HH:mm:ss 'UTC'", zone: 'UTC' },
  session_id: { column: 'user_session' },
  data: { currency: { constant: 'USD' } },
  data_by_type: {
    product_view: product,
    add_to_cart: { ...product, quantity: { constant: 1 } },
    purchase: {
      order_id: { derive: 'line' },
      total_amount: { column: 'price', as: 'number' },
      products: {
        list: [
          {
            product_id: { column: 'product_id' },
            quantity: { constant: 1 },
            price: { column: 'price', as: 'number' },
          },
        ],
      },
      category: { column: 'category_code' },
      brand: { column: 'brand' },
      category_id: { column: 'category_id' },
    },
  },
}
