/**
 * A shop's page tells Weir what its visitor does: `openWeir({ url, key })`. Events are queued in the
 * browser until the server has said that they are durable: over a reload, a crash and a day without
 * a net. Who asks not to be tracked (DNT, GPC) is not: then nothing is kept and nothing sent.
 */
import type { ShopEvents } from './events.ts'
import { openSender } from './sender.ts'
import type { Kept } from './storage.ts'
import { openStorage } from './storage.ts'

export type { ShopEvents } from './events.ts'

export interface WeirOptions {
  /** Where Weir is, as `https://events.shop.example`. */
  readonly url: string
  /** Of scope write, which everybody who sees the page may know. */
  readonly key?: string
}

/** `Events` maps event types to their data; more than the shop's six: `ShopEvents & {…}`. */
export interface Weir<Events = ShopEvents> {
  /** Queues an event of now, and gives its id; null: the visitor is not tracked. */
  track<Type extends keyof Events & string>(type: Type, data: Events[Type]): string | null
  pageView(data?: ShopEvents['page_view']): string | null
  productView(data: ShopEvents['product_view']): string | null
  addToCart(data: ShopEvents['add_to_cart']): string | null
  purchase(data: ShopEvents['purchase']): string | null
  search(data: ShopEvents['search']): string | null
  addToWishlist(data: ShopEvents['add_to_wishlist']): string | null
  /** Who the visitor is from now on; null: nobody that is known. */
  user(id: string | null): void
  /** Sends what is queued; resolves when that is done, or has to wait. */
  flush(): Promise<void>
}

const SESSION_MS = 30 * 60_000

export function openWeir<Events = ShopEvents>({ url, key = '' }: WeirOptions): Weir<Events> {
  const isTracked = !wantsPrivacy()
  const storage = openStorage()
  const sender = isTracked
    ? openSender({ url: `${url.replace(/\/$/, '')}/v1/batch`, key, storage })
    : null
  let userId: string | null = null
  const send = (event: string, data: object): string | null => {
    if (sender === null) return null
    const messageId = makeId()
    const call = {
      type: 'track',
      event,
      messageId,
      userId,
      anonymousId: keep(storage, 'weir:anonymous', makeId),
      timestamp: new Date().toISOString(),
      properties: { ...data, session_id: sessionOf(storage) },
    }
    sender.add(JSON.stringify(call))
    return messageId
  }
  return {
    track: (type, data) => send(type, data as object),
    pageView: data => send('page_view', data ?? { page_url: location.href }),
    productView: data => send('product_view', data),
    addToCart: data => send('add_to_cart', data),
    purchase: data => send('purchase', data),
    search: data => send('search', data),
    addToWishlist: data => send('add_to_wishlist', data),
    user: id => {
      userId = id
    },
    flush: async () => await sender?.flush(),
  }
}

/** https://www.w3.org/TR/gpc/ and https://www.w3.org/TR/tracking-dnt/ */
function wantsPrivacy(): boolean {
  const { doNotTrack } = navigator
  return (
    (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl === true ||
    doNotTrack === '1'
  )
}

function keep(storage: Kept, name: string, make: () => string): string {
  const known = storage.get(name)
  if (known !== null) return known
  const made = make()
  storage.set(name, made)
  return made
}

/** A session ends after half an hour without an event. */
function sessionOf(storage: Kept): string {
  const [id = '', lastMs = '0'] = (storage.get('weir:session') ?? '').split(' ')
  const nowMs = Date.now()
  const session = id !== '' && nowMs - Number(lastMs) < SESSION_MS ? id : makeId()
  storage.set('weir:session', `${session} ${nowMs}`)
  return session
}

/** 128 random bits; `randomUUID` is for pages over HTTPS only. */
function makeId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
