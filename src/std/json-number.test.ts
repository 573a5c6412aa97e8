import { expect, test } from 'vitest'
import { toUnits } from './json-number.ts'

const CENTS = { scale: 2, unitsMax: 10n ** 15n }

test.each([
  ['0', 0n],
  ['-0', 0n],
  ['1.5', 150n],
  ['1.50', 150n],
  ['15e-1', 150n],
  ['0.015E+2', 150n],
  ['-12.340', -1234n],
  ['1e2', 10_000n],
  ['1200', 120_000n],
  ['0.001', 'too_precise'],
  ['1e-3', 'too_precise'],
  ['1e-9999999999', 'too_precise'],
  ['0e9999999999', 0n],
  ['0.000e-9999999999', 0n],
  ['1e9999999999', 'out_of_range'],
  ['10000000000000', 10n ** 15n],
  ['-10000000000000.00', -(10n ** 15n)],
  ['10000000000000.01', 'out_of_range'],
  ['10000000000000.001', 'too_precise'],
  [`1${'0'.repeat(60_000)}e-60000`, 100n],
  [`0.${'0'.repeat(60_000)}1e60001`, 100n],
])('%.30s', (text, units) => {
  expect(toUnits(text, CENTS)).toBe(units)
})

test('long runs of zeros take linear time', () => {
  const zeros = '0'.repeat(5_000_000)
  expect(toUnits(`1.${zeros}1`, CENTS)).toBe('too_precise')
  expect(toUnits(`1.${zeros}`, CENTS)).toBe(100n)
})
