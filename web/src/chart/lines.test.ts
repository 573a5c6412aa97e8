import { expect, test } from 'vitest'
import { toRoundMax, toSplits } from './lines.ts'

test('the axis ends at a round number that no value is above', () => {
  const all = [0, -3, 0.5, 1, 7, 11, 12, 99, 101, 2_401, 123_456]
  expect(all.map(toRoundMax)).toEqual([1, 1, 0.5, 1, 8, 12, 12, 100, 120, 3_000, 160_000])
  for (let max = 0.001; max < 1e12; max *= 1.37) {
    expect(toRoundMax(max)).toBeGreaterThanOrEqual(max)
    expect(toRoundMax(max)).toBeLessThanOrEqual(max * 1.4)
  }
})

test('names as many windows as there is room for, the newest always', () => {
  expect(toSplits(0, 600)).toEqual([])
  expect(toSplits(1, 10)).toEqual([0])
  expect(toSplits(5, 600)).toEqual([0, 1, 2, 3, 4])
  expect(toSplits(24, 360)).toEqual([3, 8, 13, 18, 23])
})
