/**
 * What a deployment costs in a month, before there is one: a bill of lines, each a quantity times a
 * list price. Hours are what they are; what depends on the load is guessed from measurements, and
 * says so. Doubles will do: nothing here is money that anybody has paid. Free tiers are not taken
 * off, since an account may have used them up; nor are NAT gateways added, since there are none.
 */

import { linesOfApi } from './api.ts'
import { linesOfBatch } from './batch.ts'
import type { Line, PricedLine, StackName } from './bill.ts'
import { fixed, STACKS, toPriced } from './bill.ts'
import { linesOfLake } from './lake.ts'
import type { CostLoad } from './load.ts'
import { ASSUMED, DAYS, HOURS } from './load.ts'
import { kafkaGbOf, linesOfStream } from './stream.ts'

export interface StackCost {
  readonly stack: StackName
  readonly usd: number
  readonly lines: readonly PricedLine[]
}

export interface Estimate {
  readonly load: CostLoad
  readonly stacks: readonly StackCost[]
  /** Of a month of 730 hours. */
  readonly usd: number
  /** null: there are no events. */
  readonly usdPerMillionEvents: number | null
  /** What the numbers do not show, or what will not work. */
  readonly remarks: readonly string[]
}

export function estimateCost(load: CostLoad): Estimate {
  const stacks = STACKS.map((stack): StackCost => {
    const lines = linesOf(stack, load).map(line => toPriced(line, load.region))
    return { stack, usd: sum(lines), lines }
  })
  const usd = sum(stacks)
  const millions = (load.eventsPerDay * DAYS) / 1e6
  return {
    load,
    stacks,
    usd,
    usdPerMillionEvents: millions === 0 ? null : usd / millions,
    remarks: remarksOf(load, usd),
  }
}

function linesOf(stack: StackName, load: CostLoad): readonly Line[] {
  return {
    Network: networkLines,
    Lake: linesOfLake,
    Stream: linesOfStream,
    Batch: linesOfBatch,
    Api: linesOfApi,
    Guardrails: guardrailLines,
  }[stack](load)
}

/** The VPC, its gateways and the gateway endpoint of S3 cost nothing. */
function networkLines({ interfaceEndpoints }: CostLoad): readonly Line[] {
  if (!interfaceEndpoints) return []
  const count = ASSUMED.endpoints * ASSUMED.zones
  return [fixed(`${count} interface endpoints`, 'endpointHour', count * HOURS)]
}

/** Two budgets with actions are free in an account; e-mails cost next to nothing. */
function guardrailLines(): readonly Line[] {
  return [fixed('alarms', 'alarm', ASSUMED.alarms), fixed('dashboard', 'alarmDashboard', 1)]
}

function remarksOf(load: CostLoad, usd: number): readonly string[] {
  const gb = kafkaGbOf(load)
  const roomGb = ASSUMED.brokers * ASSUMED.brokerGb
  const isOver = usd > load.budgetUsd
  const isFull = gb > roomGb
  return [
    ...(isOver ? [`above the budget of ${load.budgetUsd} USD: it would stop the service`] : []),
    ...(isFull
      ? [`kafka holds ${roomGb} GB, and retention needs ${Math.ceil(gb)} GB: shorten it`]
      : []),
    ...(load.lakeDays === null ? ['the lake grows for ever: counted as it is after a year'] : []),
  ]
}

function sum(parts: readonly { readonly usd: number }[]): number {
  return parts.reduce((total, part) => total + part.usd, 0)
}
