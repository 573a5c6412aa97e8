/**
 * How calls of Segment's libraries become events: the table that comes built in, after Segment's
 * e-commerce spec (https://segment.com/docs/connections/spec/ecommerce/v2/), and the shape in which
 * a config adds to it.
 */

/** What a library calls. `track` names an event; the others are what they are. */
export const SEGMENT_CALLS = ['track', 'page', 'screen', 'identify', 'group', 'alias'] as const

export type SegmentCall = (typeof SEGMENT_CALLS)[number]

/**
 * Where calls are sent, and which call each path takes; null: many, and each says what it is.
 * Libraries in pages send to the first letter alone. `import` is the older name of `batch`.
 */
export const SEGMENT_PATHS: ReadonlyMap<string, SegmentCall | null> = new Map([
  ...SEGMENT_CALLS.map(call => [`/v1/${call}`, call] as const),
  ...['batch', 'import'].map(name => [`/v1/${name}`, null] as const),
  ...SEGMENT_CALLS.map(call => [`/v1/${call.charAt(0)}`, call] as const),
  ['/v1/b', null],
])

/** How a call becomes an event. */
export interface SegmentRule {
  /** The event type that it becomes. */
  readonly type: string
  /**
   * Where fields of `data` are found in the call, where no property has the field's own name: the
   * first of these paths that has a value. `products[].product_id` says where in each item of a
   * list; the paths then begin at the item.
   */
  readonly data?: { readonly [field: string]: readonly string[] }
  /** What a field of `data` is where it is found nowhere. */
  readonly otherwise?: { readonly [field: string]: string | number | boolean }
}

/** What a config says of Segment's calls, beside the tables below or instead of their lines. */
export interface SegmentConfig {
  /** By the name that is tracked. null: such calls are counted as ignored, and not kept. */
  readonly events?: { readonly [name: string]: SegmentRule | null }
  /** By call, of those that name no event. */
  readonly calls?: { readonly [Call in Exclude<SegmentCall, 'track'>]?: SegmentRule | null }
}

/** Tracked names of the e-commerce spec, and what they become. */
export const SEGMENT_EVENTS: { readonly [name: string]: SegmentRule | null } = {
  'Product Viewed': {
    type: 'product_view',
    data: { product_id: ['properties.sku'], product_name: ['properties.name'] },
  },
  'Product Added': {
    type: 'add_to_cart',
    data: { product_id: ['properties.sku'] },
    otherwise: { quantity: 1 },
  },
  'Product Added to Wishlist': {
    type: 'add_to_wishlist',
    data: { product_id: ['properties.sku'] },
  },
  'Products Searched': { type: 'search' },
  'Order Completed': {
    type: 'purchase',
    data: {
      total_amount: ['properties.total', 'properties.revenue', 'properties.value'],
      'products[].product_id': ['sku'],
    },
  },
}

const VIEW: SegmentRule = {
  type: 'page_view',
  data: { page_url: ['properties.url', 'context.page.url'], device: ['context.device.type'] },
}

/** Calls that say who somebody is are no events, unless a config makes some of them. */
export const SEGMENT_OTHERS: {
  readonly [Call in Exclude<SegmentCall, 'track'>]: SegmentRule | null
} = { page: VIEW, screen: VIEW, identify: null, group: null, alias: null }
