import { describe, expect, test } from 'vitest'
import { present } from '../std/assert.ts'
import { createTimeReader, parsePattern } from './time-pattern.ts'

const read = (pattern: string, cell: string, zone = 'UTC'): string | null =>
  createTimeReader(present(parsePattern(pattern), pattern), zone)(cell)

test.each([
  ['rfc3339', '2025-01-02T03:04:05+01:00', '2025-01-02T03:04:05+01:00'],
  ['rfc3339', '2025-01-02 03:04:05', null],
  ['epoch_s', '1764000000', '2025-11-24T16:00:00.000Z'],
  ['epoch_s', '1764000000.1239', '2025-11-24T16:00:00.123Z'],
  ['epoch_s', '999999999999', null],
  ['epoch_s', '-1', null],
  ['epoch_s', '1e9', null],
  ['epoch_s', '', null],
  ['epoch_ms', '1764000000123', '2025-11-24T16:00:00.123Z'],
  ['epoch_ms', '1764000000123.5', null],
  ["yyyy-MM-dd HH:mm:ss 'UTC'", '2019-10-01 00:00:00 UTC', '2019-10-01T00:00:00Z'],
  ["yyyy-MM-dd HH:mm:ss 'UTC'", '2019-10-01 00:00:00 GMT', null],
  ["yyyy-MM-dd HH:mm:ss 'UTC'", '2019-10-01 24:00:00 UTC', null],
  ['dd.MM.yyyy', '31.12.2024', '2024-12-31T00:00:00Z'],
  ['dd.MM.yyyy', '31x12x2024', null],
  ['dd.MM.yyyy', '31.11.2024', null],
  ['dd.MM.yyyy', '1.12.2024', null],
  ['yyyyMMddHHmmssSSS', '20240229235959999', '2024-02-29T23:59:59.999Z'],
  ['yyyyMMddHHmmssSSS', '20230229235959999', null],
  ["yyyy-MM-dd 'o''clock'", "2024-01-01 o'clock", '2024-01-01T00:00:00Z'],
  ['(yyyy) [MM] dd$', '(2024) [01] 02$', '2024-01-02T00:00:00Z'],
])('%s reads %s as %s', (pattern, cell, expected) => {
  expect(read(pattern, cell)).toBe(expected)
})

test('a zone is written behind the time', () => {
  expect(read('yyyy-MM-dd HH:mm', '2024-01-02 03:04', '+05:30')).toBe('2024-01-02T03:04:00+05:30')
})

describe('what is no pattern', () => {
  test.each([
    '',
    'yyyy',
    'dd/MM',
    'yyyy-MM-dd hh',
    'yyyy-MM-dd yyyy',
    "yyyy-MM-dd 'open",
    'RFC3339',
  ])('%s', pattern => expect(parsePattern(pattern)).toBeNull())
})
