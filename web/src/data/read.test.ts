import { expect, test } from 'vitest'
import type { ResultRow } from '../../../src/model/result.ts'
import { toWireTime } from '../text/times.ts'
import { readNewest } from './read.ts'
import { sampleRow } from './sample.ts'

const progressMs = Date.parse('2024-09-03T12:00:00Z')

/** Answers as the API does: from a start on, oldest first, cut at a limit. */
function openShelf(rows: readonly ResultRow[], limit: number) {
  const asked: (string | null)[] = []
  const get = async (path: string): Promise<unknown> => {
    const from = new URL(path, 'http://localhost').searchParams.get('from')
    asked.push(from)
    const found = rows.filter(row => (row.window_start ?? '') >= (from ?? ''))
    const next = found.length > limit ? 'more' : null
    return { metric: 'm', zone: 'UTC', rows: found.slice(0, limit), next }
  }
  return { get, asked }
}

/** One row for each minute that ends so many minutes before progress. */
function rowsBack(minutesBack: readonly number[]): readonly ResultRow[] {
  return minutesBack
    .toSorted((left, right) => right - left)
    .map(back => ({
      ...sampleRow({ at: '00:00' }),
      window_start: toWireTime(progressMs - back * 60_000),
    }))
}

const hundred = [...Array(100).keys()]

test('looks back no further than it must', async () => {
  const { get, asked } = openShelf(rowsBack(hundred), 5_000)
  const result = await readNewest(get, 'events_per_minute', progressMs)
  expect(asked).toEqual(['2024-09-03T11:00:00Z'])
  expect(result.rows).toHaveLength(61)
})

test('looks back to the beginning where there is little', async () => {
  const { get, asked } = openShelf(rowsBack([1, 10_000]), 5_000)
  const result = await readNewest(get, 'events_per_minute', progressMs)
  expect(asked.at(-1)).toBeNull()
  expect(result.rows).toHaveLength(2)
})

test('takes the shorter look back where the longer one is cut', async () => {
  const rows = rowsBack([...hundred.slice(0, 30), ...hundred.map(back => back + 300)])
  const { get } = openShelf(rows, 50)
  const result = await readNewest(get, 'events_per_minute', progressMs)
  expect(result.next).toBeNull()
  expect(result.rows).toHaveLength(30)
})

test('tells that even the shortest look back was cut', async () => {
  const { get, asked } = openShelf(rowsBack(hundred), 10)
  const result = await readNewest(get, 'events_per_minute', progressMs)
  expect(asked).toHaveLength(1)
  expect(result.next).toBe('more')
})

test('reads from the beginning where nobody knows how far time has come', async () => {
  const { get, asked } = openShelf([], 10)
  expect((await readNewest(get, 'sales_daily', null)).rows).toEqual([])
  expect(asked).toEqual([null])
})
