import { describe, expect, test } from 'vitest'
import type { Result, ResultRow } from '../model/result.ts'
import { findFormat, toBody, toText } from './format.ts'

const ROW: ResultRow = {
  window_start: '2024-09-03T10:00:00Z',
  window_end: '2024-09-03T11:00:00Z',
  key: { product_id: 'p1' },
  values: { orders: 2, revenue: { EUR: '-1.50' }, share: null },
  status: 'open',
  revision: 0,
  late: 0,
  exact: true,
  partial: false,
  source: 'stream',
}

function resultOf(...rows: readonly ResultRow[]): Result {
  return { metric: 'sales', zone: 'UTC', rows, next: null }
}

test('CSV has a column for each currency, and nothing where there is none', () => {
  const other = {
    ...ROW,
    key: { product_id: null },
    values: { orders: 0, revenue: { USD: '3.00' } },
  }
  expect(toBody(resultOf(ROW, other), 'csv')).toBe(
    'window_start,window_end,key.product_id,orders,revenue.EUR,revenue.USD,share,' +
      'status,revision,late,exact,partial,source\r\n' +
      '2024-09-03T10:00:00Z,2024-09-03T11:00:00Z,p1,2,-1.50,,,open,0,0,true,false,stream\r\n' +
      '2024-09-03T10:00:00Z,2024-09-03T11:00:00Z,,0,,3.00,,open,0,0,true,false,stream\r\n',
  )
})

test('NDJSON is a row a line, and no row no line', () => {
  const text = toBody(resultOf(ROW, ROW), 'ndjson')
  expect(text.endsWith('\n')).toBe(true)
  expect(
    text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as unknown),
  ).toEqual([ROW, ROW])
  expect(toBody(resultOf(), 'ndjson')).toBe('')
})

describe('a text as a field of CSV', () => {
  test.each([
    ['p1', 'p1'],
    ['', '""'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@cmd', "'@cmd"],
    ['\tx', "'\tx"],
    ['\r=1', `"'\r=1"`],
    ['=HYPERLINK("x")', `"'=HYPERLINK(""x"")"`],
    ["it's", "it's"],
  ])('%j becomes %j', (text, expected) => {
    expect(toText(text)).toBe(expected)
  })

  test('that is not there is empty', () => {
    expect(toText(null)).toBe('')
  })
})

test.each([
  [null, undefined, 'json'],
  [null, '', 'json'],
  [null, '*/*', 'json'],
  [null, 'text/csv', 'csv'],
  [null, 'text/html, text/csv;q=0.5, */*;q=0.1', 'csv'],
  [null, 'application/json;q=0.2, application/x-ndjson', 'ndjson'],
  [null, 'TEXT/CSV; header=present', 'csv'],
  [null, 'text/csv;q=0, application/json', 'json'],
  [null, 'image/png', null],
  ['csv', 'application/json', 'csv'],
  ['xml', undefined, null],
])('format=%s and Accept: %s give %s', (asked, accept, expected) => {
  expect(findFormat(asked, accept)).toBe(expected)
})
