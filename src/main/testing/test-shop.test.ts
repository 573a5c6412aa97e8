import { expect, test } from 'vitest'
import { defineEvent } from '../../model/event.ts'
import { integer, string } from '../../model/field.ts'
import { count, defineMetric } from '../../model/metric.ts'
import { openTestShop } from './test-shop.ts'

const NOW = '2026-03-02T10:30:00Z'

function view(id: string, user: string, timestamp = '2026-03-02T10:05:00Z'): object {
  return {
    event_id: id,
    event_type: 'product_view',
    user_id: user,
    timestamp,
    data: { product_id: 'lamp-7' },
  }
}

test('what is sent is counted, once, and asked for again and again', async () => {
  await using shop = await openTestShop({ now: NOW })
  const answers = await shop.send([view('a', 'ada'), view('a', 'ada'), view('b', 'ben')])
  expect(answers.map(({ status }) => status)).toEqual(['stored', 'stored', 'stored'])
  const [first] = await shop.query('product_views')
  expect(first).toMatchObject({
    window_start: '2026-03-02T10:00:00Z',
    key: { product_id: 'lamp-7' },
    values: { views: 2, viewers: 2 },
    status: 'open',
  })
  await shop.send(view('c', 'ada'))
  await shop.send(view('b', 'ben'))
  const [second] = await shop.query('product_views', { key: { product_id: 'lamp-7' } })
  expect(second?.values).toEqual({ views: 3, viewers: 2 })
  const { balanced, partitions } = await shop.ledger()
  const sum = (what: 'accepted' | 'duplicate'): number =>
    partitions.reduce((total, line) => total + line[what], 0)
  expect([balanced, sum('accepted'), sum('duplicate')]).toEqual([true, 3, 2])
})

test('what is wrong is told at once, and kept', async () => {
  await using shop = await openTestShop({ now: NOW })
  const [answer] = await shop.send('{"event_id":')
  expect(answer).toMatchObject({ status: 'invalid', code: 'not_json' })
  await shop.send({ ...view('a', 'ada'), data: {} })
  const rejects = await shop.rejects()
  expect(rejects.map(({ code, pointer }) => `${code} ${pointer}`).toSorted()).toEqual([
    'missing /data/product_id',
    'not_json ',
  ])
  expect(rejects.map(({ value }) => value)).toContain('{"event_id":')
})

test('time goes on when it is told to', async () => {
  await using shop = await openTestShop({ now: NOW })
  const ahead = '2026-03-02T12:00:00Z'
  expect(await shop.send(view('a', 'ada', ahead))).toMatchObject([{ code: 'future' }])
  shop.advance('90m')
  expect(shop.now()).toBe(Date.parse(ahead))
  expect(await shop.send(view('b', 'ada', ahead))).toMatchObject([{ status: 'stored' }])
  // Asked for, the hour from ten is over.
  expect(await shop.query('product_views')).toHaveLength(1)
  await shop.send(view('c', 'ada'))
  const rows = await shop.query('product_views')
  expect(rows.map(row => row.status)).toEqual(['revised', 'open'])
})

test('with the events and metrics of a config, and calls of Segment', async () => {
  const reviewPosted = defineEvent('review_posted', {
    product_id: string(),
    stars: integer({ min: 1, max: 5 }),
  })
  const config = {
    zone: 'Asia/Kolkata',
    events: [reviewPosted],
    metrics: [
      defineMetric('reviews', {
        from: reviewPosted,
        window: 'day',
        groupBy: ['data.product_id'],
        measures: { reviews: count() },
      }),
    ],
    segment: { events: { 'Product Reviewed': { type: 'review_posted' } } },
  } as const
  await using shop = await openTestShop({ config, now: NOW })
  const properties = { product_id: 'lamp-7', stars: 5 }
  await shop.sendCall('track', { userId: 'ada', event: 'Product Reviewed', properties })
  await shop.sendCall('identify', { userId: 'ada' })
  const rows = await shop.query('reviews', { from: '2026-03-01T18:30:00Z' })
  expect(rows).toMatchObject([{ window_start: '2026-03-01T18:30:00Z', values: { reviews: 1 } }])
  expect(await shop.query('reviews', { to: '2026-03-01T18:30:00Z' })).toEqual([])
})

test('a config that no process starts with, a metric and a time that there are not', async () => {
  await expect(openTestShop({ config: { zone: 'Nowhere/At_All' } })).rejects.toThrow('zone')
  await expect(openTestShop({ now: 'soon' })).rejects.toThrow("now is 'soon'")
  await using shop = await openTestShop()
  await expect(shop.query('nope')).rejects.toMatchObject({ code: 'QUERY_INVALID' })
  expect(await shop.query('product_views')).toEqual([])
})
