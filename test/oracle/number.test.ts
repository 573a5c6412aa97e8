import { expect, test } from 'vitest'
import { roundedQuotient, toText, toUnits } from './number.ts'

test.each([
  ['1.50', 2, 150n],
  ['1.5', 2, 150n],
  ['1.500', 2, 150n],
  ['1.505', 2, 'too_precise'],
  ['15e-1', 2, 150n],
  ['1E2', 0, 100n],
  ['1.0', 0, 1n],
  ['0.5', 0, 'too_precise'],
  ['-0', 0, 0n],
  ['-0.0e999999999999999999999', 0, 0n],
  ['-12.34', 2, -1234n],
  ['100', 0, 100n],
  ['0.001', 3, 1n],
  ['1e-400', 9, 'too_precise'],
  ['1e400', 0, 'out_of_range'],
  ['9007199254740993', 0, 9007199254740993n],
] as const)('%s at scale %i', (digits, scale, units) => {
  expect(toUnits(digits, scale)).toBe(units)
})

test('text of units', () => {
  expect([toText(1250n, 2), toText(-5n, 2), toText(7n, 0), toText(0n, 3)]).toEqual([
    '12.50',
    '-0.05',
    '7',
    '0.000',
  ])
})

test('quotients are rounded half away from zero', () => {
  const pairs = [
    [5n, 2n],
    [-5n, 2n],
    [5n, -2n],
    [7n, 3n],
    [8n, 3n],
    [-1n, 3n],
    [0n, 5n],
  ] as const
  expect(pairs.map(([top, bottom]) => roundedQuotient(top, bottom))).toEqual([
    3n,
    -3n,
    -3n,
    2n,
    3n,
    0n,
    0n,
  ])
})
