/** What a page may send, from the schemas that the server checks with: types only, no bytes. */
import type { EventOf, EventSchema } from '../../src/model/event.ts'
import type {
  addToCart,
  addToWishlist,
  pageView,
  productView,
  purchase,
  search,
} from '../../src/model/shop-events.ts'

type DataOf<Schema extends EventSchema> = EventOf<Schema>['data']

/** The data of each event type, by its name. */
export interface ShopEvents {
  readonly page_view: DataOf<typeof pageView>
  readonly product_view: DataOf<typeof productView>
  readonly add_to_cart: DataOf<typeof addToCart>
  readonly purchase: DataOf<typeof purchase>
  readonly search: DataOf<typeof search>
  readonly add_to_wishlist: DataOf<typeof addToWishlist>
}
