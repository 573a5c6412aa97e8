/**
 * The sums were made by hand, with the prices and sizes as numbers, and none of this room's code:
 * a change of a price or of a guess changes them on purpose.
 */
import { describe, expect, test } from 'vitest'
import { STACKS } from './bill.ts'
import { estimateCost } from './cost.ts'
import type { CostLoad } from './load.ts'
import { LOAD_DEFAULT } from './load.ts'
import { PRICES, REGIONS } from './prices.ts'

const NOTHING: CostLoad = {
  ...LOAD_DEFAULT,
  eventsPerDay: 0,
  questionsPerDay: 0,
  pageLoadsPerDay: 0,
  schedule: null,
  alb: false,
  dashboard: false,
}

const MUCH: CostLoad = {
  ...LOAD_DEFAULT,
  region: 'eu-central-1',
  eventsPerDay: 5_000_000,
  partitions: 8,
  commitS: 60,
  brokerSize: 'standard',
  workers: 2,
  alb: false,
  interfaceEndpoints: true,
  runner: 'ec2',
  schedule: 'hour',
  lakeDays: 30,
  dashboard: false,
}

const CASES: readonly [string, CostLoad, Record<(typeof STACKS)[number], number>][] = [
  [
    'the defaults',
    LOAD_DEFAULT,
    {
      Network: 0,
      // 1.94 GB and 1.64 GB at 0.023; 210,240 + 4,730,400 puts at 0.005, 4,993,200 gets at 0.0004
      Lake: 0.045 + 0.038 + 1.0512 + 23.652 + 1.9973,
      // brokers, volumes, zones, logs, a task, its address, image, logs, 18 metrics, balancer
      Stream: 99.864 + 30 + 0.0453 + 0.9008 + 28.835 + 3.65 + 0.04 + 0.2594 + 5.4 + 27.645,
      // 30.4 runs of 150.3 s of 10 vCPU and 25 GB
      Batch: 1.2702 * (10 * 0.042094 + 25 * 0.004628),
      // 304,167 questions: the gateway, the function, gets, 2.83 GB out, logs; and the page
      Api: 1.0646 + 0.0608 + 0.4056 + 0.73 + 0.255 + 0.0708 + 0.0722 + 0.0243,
      Guardrails: 12 * 0.1 + 3,
    },
  ],
  [
    'five million a day in Frankfurt, on larger brokers and EC2, without a load balancer',
    MUCH,
    {
      Network: 12 * 730 * 0.012,
      // 7.99 GB and 1.21 GB; 420,480 + 1,489,200 puts, 1,664,400 gets
      Lake: 9.204 * 0.0245 + 1_909.68 * 0.0054 + 1_664.4 * 0.000_43,
      Stream: 515.307 + 35.7 + 2.2673 + 1.1259 + 66.3278 + 7.3 + 0.04 + 0.6484 + 7.8,
      // 730 runs of 320.8 s
      Batch: 65.0579 * (0.2588 + 0.005) + 0.509 + 0.0009,
      Api: 1.1254 + 0.0608 + 0.4056 + 0.7848 + 0.255 + 0.0892,
      Guardrails: 4.2,
    },
  ],
  [
    'nothing to do: what is there all the time',
    NOTHING,
    {
      Network: 0,
      Lake: 0.023,
      Stream: 99.864 + 30 + 0.9008 + 28.835 + 3.65 + 0.04 + 0.2594 + 5.4,
      Batch: 0,
      Api: 0,
      Guardrails: 4.2,
    },
  ],
]

describe('a bill, by stack', () => {
  test.each(CASES)('%s', (_, load, expected) => {
    const { stacks, usd } = estimateCost(load)
    for (const { stack, usd: stackUsd } of stacks) {
      expect(stackUsd, stack).toBeCloseTo(expected[stack], 2)
    }
    expect(stacks.map(({ stack }) => stack)).toEqual(STACKS)
    expect(usd).toBeCloseTo(
      Object.values(expected).reduce((sum, one) => sum + one),
      1,
    )
  })
})

test('a million events costs the month by how many of them came', () => {
  expect(estimateCost(LOAD_DEFAULT).usdPerMillionEvents).toBeCloseTo(75.94, 1)
  expect(estimateCost(NOTHING).usdPerMillionEvents).toBeNull()
})

test.each<[string, Partial<CostLoad>, readonly RegExp[]]>([
  ['nothing to say', { lakeDays: 90 }, []],
  ['a budget too small', { budgetUsd: 200, lakeDays: 90 }, [/^above the budget of 200 USD/]],
  ['a lake without end', { budgetUsd: 500 }, [/for ever/]],
  [
    'more than the brokers hold: 10 million events of 400 bytes a day, 7 days, three times',
    { budgetUsd: 5_000, lakeDays: 90, eventsPerDay: 10_000_000, retentionHours: 720 },
    [/^kafka holds 300 GB, and retention needs 336 GB/],
  ],
])('remarks: %s', (_, changed, expected) => {
  const { remarks } = estimateCost({ ...LOAD_DEFAULT, ...changed })
  expect(remarks).toHaveLength(expected.length)
  for (const [index, pattern] of expected.entries()) expect(remarks[index]).toMatch(pattern)
})

test('commits and files are no more than events', () => {
  const writes = (eventsPerDay: number): number => {
    const lake = estimateCost({ ...LOAD_DEFAULT, eventsPerDay }).stacks[1]
    const lines = lake?.lines.filter(line => line.price === 's3Write') ?? []
    return lines.reduce((sum, line) => sum + line.quantity, 0)
  }
  // 10 events a day: 10 files with an intent, 10 commits of 18 puts; for 30.42 days.
  expect(writes(10)).toBeCloseTo((20 + 180) * 0.030_416_7, 3)
})

test('every price has a unit, a page, a date and an amount for each region', () => {
  for (const [name, price] of Object.entries(PRICES)) {
    expect(price.unit, name).not.toBe('')
    expect(price.source, name).toMatch(/^https:\/\/aws\.amazon\.com\/.+\/$/)
    expect(price.taken, name).toMatch(/^20\d\d-\d\d-\d\d$/)
    for (const region of REGIONS) expect(price.usd[region], name).toBeGreaterThan(0)
  }
})
