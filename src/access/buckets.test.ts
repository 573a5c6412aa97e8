import { expect, test } from 'vitest'
import type { Buckets } from './buckets.ts'
import { createBuckets } from './buckets.ts'

const HONEST = '192.0.2.1'

function bucketsOf(countMax: number, perSecond = 1): Buckets {
  return createBuckets({ perSecond, capacity: perSecond * 10, countMax, salt: 'secret' })
}

function drain(buckets: Buckets, id: string, nowMs: number): number {
  let count = 0
  while (buckets.take(id, nowMs).isTaken) count += 1
  return count
}

test('a bucket holds so much, and refills', () => {
  const buckets = bucketsOf(10)
  expect(drain(buckets, 'a', 0)).toBe(10)
  expect(buckets.take('a', 0)).toEqual({ isTaken: false, left: 0, fullInS: 10, waitS: 1 })
  expect(buckets.take('a', 999).isTaken).toBe(false)
  expect(buckets.take('a', 1_000)).toEqual({ isTaken: true, left: 0, fullInS: 10, waitS: 0 })
  expect(drain(buckets, 'a', 60_000)).toBe(10)
})

test('a slow one tells how long to wait', () => {
  const buckets = createBuckets({ perSecond: 0.1, capacity: 1, countMax: 1, salt: '' })
  expect(drain(buckets, 'a', 0)).toBe(1)
  expect(buckets.take('a', 1_000).waitS).toBe(9)
})

test('memory is bounded, however many come', () => {
  const buckets = bucketsOf(100)
  for (let index = 0; index < 100_000; index += 1) buckets.take(`a${index}`, index)
  expect(buckets.count).toBeLessThanOrEqual(100)
})

test('nobody is forgiven because others come', () => {
  const buckets = bucketsOf(100)
  expect(drain(buckets, 'greedy', 0)).toBe(10)
  for (let index = 0; index < 10_000; index += 1) buckets.take(`a${index}`, 5)
  expect(buckets.take('greedy', 10).isTaken).toBe(false)
})

test('who is known keeps what is theirs while others flood the table', () => {
  const buckets = bucketsOf(100)
  expect(buckets.take(HONEST, 0).left).toBe(9)
  for (let index = 0; index < 10_000; index += 1) buckets.take(`a${index}`, 1)
  expect(buckets.take(HONEST, 1).left).toBe(8)
})

test('a newcomer to a full table still gets in, beside a flood', () => {
  const buckets = bucketsOf(100, 10)
  for (let index = 0; index < 20_000; index += 1) buckets.take(`a${index}`, 1)
  const honest = Array.from({ length: 100 }, (_, index) => `192.0.2.${index}`)
  const served = honest.filter(id => buckets.take(id, 1).isTaken)
  expect(served).toHaveLength(100)
})

test('those that are full are forgotten for newcomers', () => {
  const buckets = bucketsOf(2)
  buckets.take('a', 0)
  buckets.take('b', 0)
  expect(buckets.take('c', 10_000).left).toBe(9)
  expect(buckets.count).toBe(1)
  // Its bucket is its own: it goes on where it was.
  expect(buckets.take('c', 10_000).left).toBe(8)
})
