/** The lines of a bill. */
import type { How, PriceName, Region } from './prices.ts'
import { PRICES } from './prices.ts'

export const STACKS = ['Network', 'Lake', 'Stream', 'Batch', 'Api', 'Guardrails'] as const
export type StackName = (typeof STACKS)[number]

/** How a quantity is known: it is what is deployed, or it follows from the load by a guess. */
export type Basis = 'fixed' | 'guessed'

export interface Line {
  readonly name: string
  readonly price: PriceName
  /** Of the price's unit, in a month. */
  readonly quantity: number
  readonly basis: Basis
}

export interface PricedLine extends Line {
  readonly unit: string
  readonly unitUsd: number
  readonly how: How
  readonly usd: number
}

export function toPriced(line: Line, region: Region): PricedLine {
  const { unit, usd, how } = PRICES[line.price]
  const unitUsd = usd[region]
  return {
    ...line,
    unit,
    unitUsd,
    how: how[region],
    usd: line.quantity * unitUsd,
  }
}

/** What is there all the time. */
export function fixed(name: string, price: PriceName, quantity: number): Line {
  return { name, price, quantity, basis: 'fixed' }
}

/** What the load makes of it. */
export function guessed(name: string, price: PriceName, quantity: number): Line {
  return { name, price, quantity, basis: 'guessed' }
}
