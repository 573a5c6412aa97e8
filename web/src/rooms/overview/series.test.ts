import { describe, expect, test } from 'vitest'
import { sampleRow } from '../../data/sample.ts'
import { listPicks, toSeries } from './series.ts'

const HOUR_MS = 3_600_000
const sale = (at: string, orders: number, revenue: string, status: 'final' | 'open' = 'final') =>
  sampleRow({ at, minutes: 60, values: { orders, revenue: { EUR: revenue } }, status })
const visit = (at: string, users: number) => sampleRow({ at, minutes: 60, values: { users } })

describe('toSeries', () => {
  const sales = [sale('08:00', 1, '5.00'), sale('10:00', 3, '9.50'), sale('11:00', 2, '1', 'open')]
  const users = [visit('08:00', 4), visit('09:00', 2), visit('10:00', 6), visit('11:00', 8)]
  const source = { sales, users }

  test('hours without a row count nothing; the newest is open', () => {
    const view = toSeries(source, 'orders', { size: 24, stepMs: HOUR_MS })
    expect(view.lines).toEqual([{ label: 'Orders', slot: 1, values: [1, 0, 3, 2] }])
    expect(view.statuses).toEqual(['final', 'final', 'final', 'open'])
  })

  test('the time before stands beside it, each window below its own', () => {
    const view = toSeries(source, 'revenue.EUR', { size: 3, stepMs: HOUR_MS })
    expect(view.lines.map(line => line.values)).toEqual([
      [null, null, 5],
      [0, 9.5, 1],
    ])
    expect(view.lines.map(line => line.label)).toEqual(['3 hours before', 'Revenue, EUR'])
  })

  test('conversion is orders of users, and nothing where nobody came', () => {
    const view = toSeries(source, 'conversion', { size: 9, stepMs: HOUR_MS })
    expect(view.lines[0]?.values).toEqual([25, 0, 50, 25])
    const empty = toSeries({ sales, users: [] }, 'conversion', { size: 9, stepMs: HOUR_MS })
    expect(empty.lines[0]?.values).toEqual([null, null, null, null])
  })

  test('of nothing there is nothing', () => {
    const view = toSeries({ sales: [], users: [] }, 'orders', { size: 9, stepMs: HOUR_MS })
    expect(view.startsMs).toEqual([])
  })
})

test('listPicks names every currency', () => {
  const rows = [
    sale('08:00', 1, '1'),
    sampleRow({ at: '09:00', values: { revenue: { CHF: '1' } } }),
  ]
  expect(listPicks(rows)).toEqual(['revenue.CHF', 'revenue.EUR', 'orders', 'users', 'conversion'])
})
