/**
 * The shop: its products and its customers, the same for one seed whenever it opens. Few products
 * are looked at often and most hardly ever (Zipf's law); some customers come back much more than
 * others, and keep their device.
 */

import { CURRENCY_DECIMALS } from '../model/currency.ts'
import { toDecimalText } from '../model/decimal.ts'
import { assert, present } from '../std/assert.ts'
import type { Prng } from '../std/prng.ts'
import { createPrng } from '../std/prng.ts'

export interface ShopOptions {
  readonly seed: number
  readonly users: number
  readonly products: number
  /** Each customer pays in one of these; none: events name no currency. */
  readonly currencies: readonly string[]
}

export interface Product {
  readonly id: string
  readonly name: string
  readonly category: string
  /** In minor units, whatever the currency. */
  readonly priceUnits: number
}

export interface Customer {
  readonly id: string
  readonly device: string
  readonly browser: string
  /** null: the shop's own, which events do not name. */
  readonly currency: string | null
}

export interface Shop {
  pickProduct(prng: Prng): Product
  pickCustomer(prng: Prng): Customer
}

const PRODUCT_ID_FIRST = 1000
const USER_ID_FIRST = 10_000
/** Zipf's exponent: about what shops measure. */
const POPULARITY_EXPONENT = 0.9
const PRICE_UNITS_MIN = 299
const PRICE_UNITS_MAX = 149_999

const ADJECTIVES = ['Compact', 'Classic', 'Wireless', 'Smart', 'Ultra', 'Light', 'Café', 'Pro']
const NOUNS: readonly (readonly [string, readonly string[]])[] = [
  ['electronics', ['Smartphone', 'Headphones', 'Speaker', 'Monitor', 'Tablet']],
  ['home', ['Lamp', 'Kettle', 'Armchair', 'Blanket', 'Mug']],
  ['sports', ['Running Shoes', 'Yoga Mat', 'Backpack', 'Bottle', 'Jacket']],
  ['beauty', ['Face Cream', 'Shampoo', 'Perfume', 'Soap', 'Hairdryer']],
  ['toys', ['Puzzle', 'Kite', 'Building Blocks', 'Board Game', 'Doll']],
  ['garden', ['Watering Can', 'Shovel', 'Seeds', 'Planter', 'Lantern']],
]
const DEVICES: readonly (readonly [string, readonly string[]])[] = [
  ['mobile', ['chrome', 'safari', 'samsung']],
  ['desktop', ['chrome', 'firefox', 'edge', 'safari']],
  ['mobile', ['safari', 'chrome']],
  ['tablet', ['safari', 'chrome']],
]

export function createShop(options: ShopOptions): Shop {
  assert(options.products >= 1 && options.users >= 1, 'a shop has products and users')
  for (const code of options.currencies) {
    assert(CURRENCY_DECIMALS.has(code), `${code} is a code of ISO 4217`)
  }
  const prng = createPrng(options.seed)
  const products = Array.from({ length: options.products }, (_, rank) => createProduct(prng, rank))
  const shares = toCumulativeShares(options.products)
  return {
    pickProduct: from => present(products[findShare(shares, from.nextUnit())], 'a product'),
    pickCustomer: from => {
      const unit = from.nextUnit()
      // The square makes the first customers the regular ones.
      return createCustomer(Math.floor(unit * unit * options.users), options.currencies)
    },
  }
}

/**
 * An amount of minor units as a JSON number of a currency; of two decimals where it has no name.
 */
export function toAmountText(units: number, currency: string | null): string {
  const decimals = currency === null ? 2 : (CURRENCY_DECIMALS.get(currency) ?? 2)
  return toDecimalText(BigInt(units), decimals)
}

/** One of a list that is not empty. */
export function pick<T>(prng: Prng, values: readonly T[]): T {
  return present(values[prng.nextBelow(values.length)], 'one of a list')
}

function createProduct(prng: Prng, rank: number): Product {
  const [category, nouns] = pick(prng, NOUNS)
  const spread = Math.log(PRICE_UNITS_MAX / PRICE_UNITS_MIN)
  return {
    id: `p${PRODUCT_ID_FIRST + rank}`,
    name: `${pick(prng, ADJECTIVES)} ${pick(prng, nouns)} ${rank + 1}`,
    category,
    priceUnits: Math.round(PRICE_UNITS_MIN * Math.exp(spread * prng.nextUnit() ** 1.5)),
  }
}

/** share[rank]: how much of all attention goes to this product and those before it. */
function toCumulativeShares(count: number): Float64Array {
  const shares = new Float64Array(count)
  let total = 0
  for (let rank = 0; rank < count; rank += 1) {
    total += (rank + 1) ** -POPULARITY_EXPONENT
    shares[rank] = total
  }
  return shares.map(share => share / total)
}

/** The first rank whose share is more than `unit`, in [0, 1). */
function findShare(shares: Float64Array, unit: number): number {
  let low = 0
  let high = shares.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((shares[middle] ?? 1) > unit) high = middle
    else low = middle + 1
  }
  return low
}

/** Everything about a customer follows from the number, so that none need be kept. */
function createCustomer(index: number, currencies: readonly string[]): Customer {
  const mixed = Math.imul(index + 1, 0x9e3779b1) >>> 0
  const [device, browsers] = present(DEVICES[(mixed >>> 8) % DEVICES.length], 'a device')
  return {
    id: `u${USER_ID_FIRST + index}`,
    device,
    browser: present(browsers[(mixed >>> 16) % browsers.length], 'a browser'),
    currency: currencies[(mixed >>> 4) % Math.max(1, currencies.length)] ?? null,
  }
}
