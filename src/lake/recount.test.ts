import { expect, test } from 'vitest'
import { openMemoryObjects } from '../objects/memory/memory-objects.ts'
import { toUtf8 } from '../std/bytes.ts'
import { catalogOf, never, openBed, sourceOf } from './lake.fixture.ts'
import { openLake } from './lake.ts'
import { recountLake } from './recount.ts'

test('rows are counted by footers, within the offsets that are asked for', async () => {
  await using bed = await openBed()
  const objects = openMemoryObjects()
  const catalog = catalogOf([])
  const records = Array.from({ length: 500 }, (_, id) => {
    const date = id % 2 === 0 ? '2026-03-01' : '2026-03-02'
    const head = `"event_id":"e${id}","event_type":"search","user_id":"u","timestamp"`
    const value = toUtf8(`{${head}:"${date}T00:00:00Z","data":{"query":"q"}}`)
    return { key: null, value, headers: [] }
  })
  const refusals = new Map([[7, { code: 'missing' as const, pointer: '/data/query' }]])
  await using lake = await openLake({ ...bed.options(objects, catalog), rangeBytesMax: 1 })
  for (let first = 0; first < records.length; ) {
    const source = sourceOf({ topic: 'search', records, refusals, first })
    first = (await lake.archive(source, never))?.offsetNext ?? first
  }
  const count = (first: number, next: number) =>
    recountLake({
      objects,
      catalog,
      ranges: new Map([['0 search', { first, next }]]),
      signal: never,
    })
  expect([...(await count(0, 500))]).toEqual([['0 search', { rows: 499, rejects: 1 }]])
  expect([...(await count(200, 400))]).toEqual([['0 search', { rows: 200, rejects: 0 }]])
})
