/**
 * A visit: one customer goes through the shop, step by step, along a funnel. The shares below say
 * what people do next; they are made up, so that of a hundred product views some ten lead to a cart
 * and three to an order.
 */
import { unreachable } from '../std/assert.ts'
import type { Prng } from '../std/prng.ts'
import { toHex32 } from './event-text.ts'
import type { Customer, Product, Shop } from './shop.ts'
import { pick, toAmountText } from './shop.ts'

type Step =
  | 'page_view'
  | 'search'
  | 'product_view'
  | 'add_to_cart'
  | 'add_to_wishlist'
  | 'purchase'
  | 'leave'

interface CartLine {
  readonly product: Product
  readonly quantity: number
}

export interface Visit {
  readonly id: string
  readonly customer: Customer
  readonly isBot: boolean
  step: Step
  product: Product
  cart: CartLine[]
  stepsLeft: number
}

/** What a step sends: the type, and `data` as JSON. */
export interface Hit {
  readonly eventType: string
  readonly data: string
}

const BOT_SHARE = 0.01
const STEPS_MAX = 40
const BOT_STEPS_MAX = 120
const CART_LINES_MAX = 5
const NO_RESULTS_SHARE = 0.12
const RESULTS_MAX = 240

const NEXT: { readonly [From in Step]: readonly (readonly [Step, number])[] } = {
  page_view: [
    ['product_view', 0.45],
    ['search', 0.3],
    ['page_view', 0.1],
    ['leave', 0.15],
  ],
  search: [
    ['product_view', 0.7],
    ['search', 0.12],
    ['leave', 0.18],
  ],
  product_view: [
    ['product_view', 0.4],
    ['add_to_cart', 0.14],
    ['add_to_wishlist', 0.05],
    ['search', 0.12],
    ['page_view', 0.09],
    ['leave', 0.2],
  ],
  add_to_cart: [
    ['purchase', 0.32],
    ['product_view', 0.4],
    ['page_view', 0.08],
    ['leave', 0.2],
  ],
  add_to_wishlist: [
    ['product_view', 0.6],
    ['leave', 0.4],
  ],
  purchase: [
    ['page_view', 0.2],
    ['leave', 0.8],
  ],
  leave: [['leave', 1]],
}
const PAGES = ['/', '/products', '/products/new', '/sale', '/cart', '/account', '/help/returns']
const QUERIES = [
  'wireless headphones',
  'running shoes',
  'lamp',
  'gift',
  'café mug',
  'jacket',
  'kite',
]
const MISSES = ['hedphones', 'time machine', 'size 99', 'ümlaut']
const PAYMENTS = ['credit_card', 'paypal', 'invoice', 'apple_pay']

export function createVisit(shop: Shop, prng: Prng): Visit {
  const isBot = prng.nextChance(BOT_SHARE)
  const customer = shop.pickCustomer(prng)
  return {
    id: `s${toHex32(prng.nextUint32())}`,
    customer: isBot ? { ...customer, device: 'desktop', browser: 'bot' } : customer,
    isBot,
    step: 'page_view',
    product: shop.pickProduct(prng),
    cart: [],
    stepsLeft: 1 + prng.nextBelow(isBot ? BOT_STEPS_MAX : STEPS_MAX),
  }
}

/** What the visit sends now. It then stands at its next step; at `leave` it is over. */
export function advance(visit: Visit, shop: Shop, prng: Prng): Hit {
  const eventType = visit.step
  if (eventType === 'product_view') visit.product = shop.pickProduct(prng)
  const data = `{${toCurrencyMember(visit)}${toMembers(visit, eventType, prng)}}`
  visit.stepsLeft -= 1
  visit.step = visit.stepsLeft === 0 ? 'leave' : nextStep(visit, prng)
  return { eventType, data }
}

/** Bots look at one product after another and buy nothing. */
function nextStep(visit: Visit, prng: Prng): Step {
  if (visit.isBot) return 'product_view'
  const chance = prng.nextUnit()
  let sum = 0
  for (const [step, share] of NEXT[visit.step]) {
    sum += share
    if (chance < sum) return step
  }
  return 'leave'
}

function toCurrencyMember({ customer, step }: Visit): string {
  const isPriced = step === 'product_view' || step === 'purchase'
  return isPriced && customer.currency !== null ? `"currency":"${customer.currency}",` : ''
}

function toMembers(visit: Visit, step: Step, prng: Prng): string {
  const { product } = visit
  switch (step) {
    case 'page_view':
      return toPageView(visit, prng)
    case 'search':
      return toSearch(prng)
    case 'product_view':
      return toProductView(visit)
    case 'add_to_cart':
      return toCartAdd(visit, prng)
    case 'add_to_wishlist':
      return `"product_id":"${product.id}"`
    case 'purchase':
      return toPurchase(visit, prng)
    case 'leave':
      return ''
    default:
      return unreachable(step)
  }
}

function toPageView({ product, customer }: Visit, prng: Prng): string {
  const ofProduct = `/products/${product.category}/${product.id}`
  const page = prng.nextChance(0.5) ? ofProduct : pick(prng, PAGES)
  return `"page_url":"${page}","device":"${customer.device}","browser":"${customer.browser}"`
}

function toProductView({ product, customer }: Visit): string {
  const { id, name, category, priceUnits } = product
  const price = toAmountText(priceUnits, customer.currency)
  return `"product_id":"${id}","product_name":"${name}","category":"${category}","price":${price}`
}

function toSearch(prng: Prng): string {
  if (prng.nextChance(NO_RESULTS_SHARE)) return `"query":"${pick(prng, MISSES)}","results_count":0`
  return `"query":"${pick(prng, QUERIES)}","results_count":${1 + prng.nextBelow(RESULTS_MAX)}`
}

function toCartAdd(visit: Visit, prng: Prng): string {
  const { product, cart } = visit
  const quantity = prng.nextChance(0.8) ? 1 : 2 + prng.nextBelow(3)
  if (cart.length < CART_LINES_MAX) cart.push({ product, quantity })
  return `"product_id":"${product.id}","quantity":${quantity}`
}

function toPurchase(visit: Visit, prng: Prng): string {
  const { cart, customer } = visit
  let totalUnits = 0
  const lines = cart.map(({ product, quantity }) => {
    totalUnits += product.priceUnits * quantity
    const price = toAmountText(product.priceUnits, customer.currency)
    return `{"product_id":"${product.id}","quantity":${quantity},"price":${price}}`
  })
  visit.cart = []
  const orderId = `o${toHex32(prng.nextUint32())}${toHex32(prng.nextUint32())}`
  const total = toAmountText(totalUnits, customer.currency)
  const order = `"order_id":"${orderId}","total_amount":${total}`
  return `${order},"payment_method":"${pick(prng, PAYMENTS)}","products":[${lines.join(',')}]`
}
