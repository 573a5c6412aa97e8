import { describe, expect, test } from 'vitest'
import { sampleDay, sampleRow } from './sample.ts'
import {
  countOf,
  dayOf,
  dayStarts,
  EMPTY_MINUTES_MAX,
  fruitlessSearches,
  OTHER_TYPES,
  TYPES_MAX,
  toMinutes,
  topProducts,
  toSlots,
} from './windows.ts'

describe('the newest day', () => {
  const newestDay = (sales: Parameters<typeof dayOf>[0], users: Parameters<typeof dayOf>[1]) =>
    dayOf(sales, users, dayStarts(sales, users).at(-1))

  const users = [
    sampleDay('2019-10-01', { values: { users: 4 } }),
    sampleDay('2019-10-02', { values: { users: 5 }, status: 'open' }),
  ]
  const sales = [sampleDay('2019-10-01', { values: { orders: 2 } })]

  test('is the newest that any of the two metrics has, however long ago', () => {
    const day = newestDay(sales, users)
    expect(day?.start).toBe('2019-10-02T00:00:00Z')
    expect(day?.status).toBe('open')
    expect(countOf(day?.users ?? null, 'users')).toBe(5)
  })

  test('has no orders where no row says so, and not those of the day before', () => {
    const day = newestDay(sales, users)
    expect(countOf(day?.sales ?? null, 'orders')).toBe(0)
    expect(countOf(day?.before?.sales ?? null, 'orders')).toBe(2)
  })

  test('has no day before where the newest older one is not its neighbour', () => {
    const gap = [sampleDay('2019-09-28', {}), sampleDay('2019-10-02', {})]
    expect(newestDay([], gap)?.before).toBeNull()
  })

  test('is revised if any of its rows is', () => {
    const day = newestDay(
      [sampleDay('2019-10-02', { status: 'revised' })],
      [sampleDay('2019-10-02', { status: 'final' })],
    )
    expect(day?.status).toBe('revised')
  })

  test('is null where nothing was counted', () => {
    expect(newestDay([], [])).toBeNull()
  })
})

describe('toMinutes', () => {
  const row = (at: string, type: string | null, events: number) =>
    sampleRow({ at, key: { event_type: type }, values: { events } })

  test('adds up types in the order of a visit', () => {
    const rows = [row('10:15', 'purchase', 1), row('10:15', 'page_view', 7)]
    const { types, minutes } = toMinutes(rows, 60)
    expect(types).toEqual(['page_view', 'purchase'])
    expect(minutes.map(({ counts, total }) => [counts, total])).toEqual([[[7, 1], 8]])
  })

  test('shows a few minutes without events as empty ones', () => {
    const rows = ['10:15', '10:16', '10:19'].map(at => row(at, 'page_view', 1))
    const { minutes } = toMinutes(rows, 60)
    expect(minutes.map(minute => minute.total)).toEqual([1, 1, 0, 0, 1])
    expect(minutes[2]).toMatchObject({ startMs: Date.parse('2024-09-03T10:17:00Z'), status: null })
    expect(minutes.map(minute => minute.afterGap)).not.toContain(true)
  })

  test('leaves out a long time without events and marks where it was', () => {
    const rows = ['10:15', '10:31', '10:48'].map(at => row(at, 'page_view', 1))
    const { minutes } = toMinutes(rows, 60)
    expect(minutes).toHaveLength(1 + EMPTY_MINUTES_MAX + 1 + 1)
    expect(minutes.map(minute => minute.afterGap).lastIndexOf(true)).toBe(minutes.length - 1)
    expect(minutes.filter(minute => minute.afterGap)).toHaveLength(1)
  })

  test('keeps the newest', () => {
    const rows = ['10:10', '10:15', '10:16', '10:18'].map(at => row(at, 'page_view', 1))
    expect(toMinutes(rows, 4).minutes.map(minute => minute.total)).toEqual([1, 1, 0, 1])
  })

  test('a minute is open if any of its rows is, and tells its late events', () => {
    const rows = [
      row('10:15', 'page_view', 1),
      { ...row('10:15', 'search', 1), status: 'open' as const, late: 2 },
    ]
    expect(toMinutes(rows, 60).minutes[0]).toMatchObject({ status: 'open', late: 2 })
  })

  test('adds up the types beyond those that can be told apart', () => {
    const names = Array.from({ length: TYPES_MAX + 2 }, (_, index) => `custom_${index}`)
    const { types, minutes } = toMinutes(
      names.map(name => row('10:15', name, 1)),
      60,
    )
    expect(types).toHaveLength(TYPES_MAX)
    expect(types.at(-1)).toBe(OTHER_TYPES)
    expect(minutes[0]?.counts.at(-1)).toBe(3)
    expect(minutes[0]?.total).toBe(names.length)
  })
})

test('toSlots gives a type of the shop its own colour, and each other one a free one', () => {
  expect(toSlots(['purchase'])).toEqual([5])
  const slots = toSlots(['page_view', 'search', 'purchase', 'review', 'refund', 'visit', 'chat'])
  expect(slots.slice(0, 3)).toEqual([0, 2, 5])
  expect(new Set(slots).size).toBe(TYPES_MAX)
})

test('topProducts puts most views first and equal ones in order of bytes, null first', () => {
  const views = (product: string | null, count: number) =>
    sampleRow({ at: null, key: { product_id: product }, values: { views: count } })
  const rows = [views('p3456', 2), views('p9', 5), views(null, 2), views('p1234', 2)]
  expect(topProducts(rows, 3).map(line => line.product)).toEqual(['p9', null, 'p1234'])
})

test('fruitlessSearches adds up hours and leaves out what was found', () => {
  const asked = (at: string, query: string, searches: number, noResults: number) =>
    sampleRow({ at, minutes: 60, key: { query }, values: { searches, no_results: noResults } })
  const rows = [
    asked('10:00', 'lens', 4, 1),
    asked('11:00', 'lens', 3, 2),
    asked('11:00', 'mouse', 9, 0),
    asked('11:00', 'hub', 5, 5),
  ]
  expect(fruitlessSearches(rows, 8)).toEqual([
    { query: 'hub', searches: 5, noResults: 5 },
    { query: 'lens', searches: 7, noResults: 3 },
  ])
})
