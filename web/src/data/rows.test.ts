import { describe, expect, test } from 'vitest'
import type { ResultRow } from '../../../src/model/result.ts'
import { keepNewest, mergeRows, windowStarts } from './rows.ts'
import { sampleRow } from './sample.ts'

const view = { event_type: 'page_view' }
const buy = { event_type: 'purchase' }
const first = sampleRow({ at: '10:15', key: view, values: { events: 1 } })
const second = sampleRow({ at: '10:16', key: view, values: { events: 2 } })

describe('mergeRows', () => {
  const startOf = (row: ResultRow): string | null => row.window_start

  test('a window that is told anew has the rows told, and no others', () => {
    const changed = { ...second, key: buy, values: { events: 5 } }
    const change = { windows: [startOf(second)], rows: [changed] }
    expect(mergeRows([first, second], change, 60)).toEqual([first, changed])
  })

  test('windows are added in order of time', () => {
    const late = sampleRow({ at: '10:14', key: view })
    const change = { windows: [startOf(late), '2024-09-03T10:13:00Z'], rows: [late] }
    expect(mergeRows([first, second], change, 60)).toEqual([late, first, second])
  })

  test('the window of all is told as null', () => {
    const [before, now] = [view, buy].map(key => sampleRow({ at: null, key }))
    const change = { windows: [null], rows: now === undefined ? [] : [now] }
    expect(mergeRows(before === undefined ? [] : [before], change, 1)).toEqual([now])
    expect(mergeRows(change.rows, { windows: [null], rows: [] }, 1)).toEqual([])
  })

  test('the same change twice is the same as once', () => {
    const change = { windows: [startOf(first)], rows: [{ ...first, values: { events: 9 } }] }
    const once = mergeRows([first, second], change, 60)
    expect(mergeRows(once, change, 60)).toEqual(once)
  })

  test('the oldest windows are let go', () => {
    const third = sampleRow({ at: '10:17', key: view })
    const change = { windows: [startOf(third)], rows: [third] }
    expect(mergeRows([first, second], change, 2)).toEqual([second, third])
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
