import { describe, expect, test } from 'vitest'
import { keepNewest, mergeRows, windowStarts } from './rows.ts'
import { sampleRow } from './sample.ts'

const view = { event_type: 'page_view' }
const buy = { event_type: 'purchase' }
const first = sampleRow({ at: '10:15', key: view, values: { events: 1 } })
const second = sampleRow({ at: '10:16', key: view, values: { events: 2 } })

describe('mergeRows', () => {
  test('a row takes the place of the one of the same window and key', () => {
    const changed = { ...second, values: { events: 5 } }
    const merged = mergeRows([first, second], { replace: false, rows: [changed] }, 60)
    expect(merged).toEqual([first, changed])
  })

  test('a row of another window or key is added in order of time', () => {
    const late = sampleRow({ at: '10:14', key: view })
    const other = sampleRow({ at: '10:15', key: buy })
    const merged = mergeRows([first, second], { replace: false, rows: [late, other] }, 60)
    expect(merged).toEqual([late, first, other, second])
  })

  test('a key that is null is not the text null', () => {
    const missing = sampleRow({ at: '10:15', key: { event_type: null } })
    const named = sampleRow({ at: '10:15', key: { event_type: 'null' } })
    expect(mergeRows([missing], { replace: false, rows: [named] }, 60)).toHaveLength(2)
  })

  test('all rows are replaced where the change says so', () => {
    expect(mergeRows([first, second], { replace: true, rows: [first] }, 60)).toEqual([first])
    expect(mergeRows([first, second], { replace: true, rows: [] }, 60)).toEqual([])
  })

  test('the same change twice is the same as once', () => {
    const change = { replace: false, rows: [{ ...first, values: { events: 9 } }] }
    const once = mergeRows([first, second], change, 60)
    expect(mergeRows(once, change, 60)).toEqual(once)
  })

  test('the oldest windows are let go', () => {
    const third = sampleRow({ at: '10:17', key: view })
    expect(mergeRows([first, second], { replace: false, rows: [third] }, 2)).toEqual([
      second,
      third,
    ])
  })
})

test('keepNewest counts windows, not rows', () => {
  const rows = [first, { ...first, key: buy }, second, { ...second, key: buy }]
  expect(keepNewest(rows, 1)).toEqual(rows.slice(2))
  expect(keepNewest(rows, 9)).toEqual(rows)
})

test('the window of all has no start and comes first', () => {
  expect(windowStarts([second, sampleRow({ at: null }), first, first])).toEqual([
    '',
    '2024-09-03T10:15:00Z',
    '2024-09-03T10:16:00Z',
  ])
})
