import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { present } from '../std/assert.ts'
import { createTimeReader, isTimeZone, parsePattern } from './time-pattern.ts'

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
  ['M/d/yyyy H:mm', '12/1/2010 8:26', '2010-12-01T08:26:00Z'],
  ['M/d/yyyy H:mm', '12/01/2010 08:26', '2010-12-01T08:26:00Z'],
  ['M/d/yyyy H:mm', '13/1/2010 8:26', null],
  ['M/d/yyyy H:mm', '12/1/2010 24:00', null],
  ['d.M.yy', '1.12.10', '2010-12-01T00:00:00Z'],
  ['M/d/yyyy h:mm:ss a', '3/9/2021 12:05:09 AM', '2021-03-09T00:05:09Z'],
  ['M/d/yyyy h:mm:ss a', '3/9/2021 12:05:09 pm', '2021-03-09T12:05:09Z'],
  ['M/d/yyyy h:mm:ss a', '3/9/2021 1:05:09 PM', '2021-03-09T13:05:09Z'],
  ['M/d/yyyy h:mm:ss a', '3/9/2021 0:05:09 AM', null],
  ['M/d/yyyy h:mm:ss a', '3/9/2021 13:05:09 PM', null],
  ['dd/MMM/yyyy:HH:mm:ss xx', '01/Dec/2010:08:26:00 -0730', '2010-12-01T08:26:00-07:30'],
  ['dd/MMM/yyyy:HH:mm:ss xx', '01/dec/2010:08:26:00 +0000', '2010-12-01T08:26:00+00:00'],
  ['dd/MMM/yyyy:HH:mm:ss xx', '01/Dez/2010:08:26:00 +0000', null],
  [
    'yyyy-MM-dd HH:mm:ss.SSSSSSxxx',
    '2010-12-01 08:26:00.123456+05:30',
    '2010-12-01T08:26:00.123456+05:30',
  ],
  ['yyyy-MM-dd HH:mm:ss xxx', '2010-12-01 08:26:00 +24:00', null],
  ["yyyy-MM-dd 'UTC'", '2010-12-01 utc', null],
  ['(yyyy) [MM] dd$', '(2024) [01] 02$', '2024-01-02T00:00:00Z'],
])('%s reads %s as %s', (pattern, cell, expected) => {
  expect(read(pattern, cell)).toBe(expected)
})

test('a zone is written behind the time', () => {
  expect(read('yyyy-MM-dd HH:mm', '2024-01-02 03:04', '+05:30')).toBe('2024-01-02T03:04:00+05:30')
})

describe('a zone by its name', () => {
  const berlin = (cell: string): string | null => read('yyyy-MM-dd HH:mm', cell, 'Europe/Berlin')

  test.each([
    ['winter', '2024-01-02 03:04', '2024-01-02T02:04:00.000Z'],
    ['summer', '2024-07-02 03:04', '2024-07-02T01:04:00.000Z'],
    ['before the leap', '2024-03-31 01:59', '2024-03-31T00:59:00.000Z'],
    ['leapt over: as long after', '2024-03-31 02:30', '2024-03-31T01:30:00.000Z'],
    ['after the leap', '2024-03-31 03:00', '2024-03-31T01:00:00.000Z'],
    ['twice: the first', '2024-10-27 02:30', '2024-10-27T00:30:00.000Z'],
    ['after both', '2024-10-27 03:00', '2024-10-27T02:00:00.000Z'],
    ['no day', '2024-02-30 03:00', null],
  ])('%s', (_name, cell, expected) => expect(berlin(cell)).toBe(expected))

  test('an offset in the cell goes before it', () => {
    const pattern = 'yyyy-MM-dd HH:mmxxx'
    expect(read(pattern, '2024-01-02 03:04+05:30', 'Europe/Berlin')).toBe(
      '2024-01-02T03:04:00+05:30',
    )
  })

  test('gives the local time back that Intl shows, in every zone and at every hour', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Intl.supportedValuesOf('timeZone')),
        fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
        (zone, date) => {
          const shown = new Intl.DateTimeFormat('sv-SE', {
            timeZone: zone,
            dateStyle: 'short',
            timeStyle: 'medium',
          })
          const local = shown.format(date)
          const instant = read('yyyy-MM-dd HH:mm:ss', local, zone) ?? 'none'
          expect(shown.format(new Date(instant))).toBe(local)
          // Of two instants with one local time it is the first.
          expect(Date.parse(instant)).toBeLessThanOrEqual(date.getTime())
        },
      ),
      { numRuns: 300 },
    )
  })

  test('what is a zone', () => {
    const given = ['UTC', '+05:30', 'Asia/Kolkata', '', '+24:00', 'Berlin', '5']
    expect(given.filter(isTimeZone)).toEqual(['UTC', '+05:30', 'Asia/Kolkata'])
  })
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
    'dMyyyy',
    'yyyy-MM-dd h:mm',
    'yyyy-MM-dd HH:mm a',
    'yyyy-MM-dd HH hh a',
    'yyyy-MM-dd yy',
    "yyyy-MM-d'1'",
    'YYYY-MM-dd',
  ])('%s', pattern => expect(parsePattern(pattern)).toBeNull())
})
