import { describe, expect, test } from 'vitest'
import {
  groupDigits,
  NONE,
  toAmounts,
  toCountText,
  toPercentText,
  toShortText,
  toSizeText,
} from './format.ts'

describe('groupDigits', () => {
  test.each([
    ['0', '0'],
    ['999', '999'],
    ['1000', '1,000'],
    ['123456.7890', '123,456.7890'],
    ['-1234567.80', '\u22121,234,567.80'],
    // No double could hold this one.
    ['90071992547409931.07', '90,071,992,547,409,931.07'],
    ['1e21', '1e21'],
    ['', ''],
  ])('%s is shown as %s', (decimal, shown) => {
    expect(groupDigits(decimal)).toBe(shown)
  })
})

describe('toAmounts', () => {
  test('gives each currency its own amount, in the order of the codes', () => {
    expect(toAmounts({ USD: '599.99', EUR: '12000.00', JPY: null })).toEqual([
      { currency: 'EUR', text: '12,000.00' },
      { currency: 'JPY', text: NONE },
      { currency: 'USD', text: '599.99' },
    ])
  })

  test('finds no money in other values', () => {
    expect([null, undefined, 5, '5'].flatMap(value => toAmounts(value))).toEqual([])
  })
})

test('toCountText groups numbers and numeric text, and has a sign for no value', () => {
  expect([12_345, '12345.6', null, undefined].map(toCountText)).toEqual([
    '12,345',
    '12,345.6',
    NONE,
    NONE,
  ])
})

describe('toPercentText', () => {
  test.each([
    [0, 10, '0.00\u202f%'],
    [1, 10_000, '0.01\u202f%'],
    [1, 3, '33.33\u202f%'],
    [2, 3, '66.67\u202f%'],
    [5, 5, '100.00\u202f%'],
    [30, 2, '1,500.00\u202f%'],
    [3, 0, NONE],
  ])('%d of %d is %s', (part, whole, shown) => {
    expect(toPercentText(part, whole)).toBe(shown)
  })
})

test('toShortText and toSizeText keep to little room', () => {
  const counts = [0, 940, 9_999, 12_400, 250_000, 3_100_000, 2e9]
  expect(counts.map(toShortText)).toEqual(['0', '940', '9,999', '12.4k', '250k', '3.1M', '2.0G'])
  const sizes = [0, 1_000, 1_024, 1_536, 217 * 1024 * 1024, 2 ** 50]
  expect(sizes.map(size => toSizeText(size).replace('\u202f', ' '))).toEqual([
    '0 B',
    '1000 B',
    '1.0 KiB',
    '1.5 KiB',
    '217 MiB',
    '1024 TiB',
  ])
})
