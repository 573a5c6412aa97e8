/**
 * What a scanner that works in one growing memory, block by block, could get wrong: neighbours that
 * are read along, views of a memory that moved, keys remembered for another type.
 */
import { expect, test } from 'vitest'
import type { ColumnRef } from '../../model/plan.ts'
import type { Fetch } from '../../model/record.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { createScanner } from './byte-scanner.ts'
import { createChecker } from './check.ts'
import { ARRIVAL_MS, fuzzCatalog } from './scanner.arbitrary.ts'
import { toFetch } from './scanner.differential.ts'
import type { Columns } from './scanner.ts'

const QUERY: ColumnRef = { path: 'data.query', name: 'query', type: { kind: 'text' } }
const SESSION: ColumnRef = { path: 'session_id', name: 'session_id', type: { kind: 'text' } }
const BLOCK_BYTES = 16

function eventText(type: string, id: number | string, data: string): string {
  const envelope = `"event_id":"${id}","event_type":"${type}","user_id":"u${id}"`
  return `{${envelope},"timestamp":"2024-09-03T10:25:15Z","data":{${data}}}`
}

const search = (id: number | string, query: string): string =>
  eventText('search', id, `"query":${JSON.stringify(query)}`)

function fetchOf(topic: string, texts: readonly string[]): Fetch {
  const items = texts.map(text => ({ value: toUtf8(text), headers: [] }))
  return toFetch(topic, items, Math.max(1, items.length))
}

function queriesOf(columns: Columns): readonly (string | null)[] {
  const [column] = columns.fields
  if (column?.kind !== 'text') return []
  return [...column.start].map((start, row) =>
    start < 0 ? null : fromUtf8(columns.bytes.subarray(start, column.end[row])),
  )
}

test('texts of every length stand next to each other, and none reads into the next', () => {
  const queries = Array.from({ length: 6 * BLOCK_BYTES }, (_, size) => 'q'.repeat(size))
  const cut = search('cut', 'q'.repeat(40)).slice(0, -4)
  const texts = queries.flatMap((query, size) => [search(size, query), cut])
  const columns = createScanner(fuzzCatalog).scan(fetchOf('search', texts), [QUERY])
  expect(columns.slowCount).toBe(queries.length)
  expect(columns.invalids.map(({ row }) => row)).toEqual(queries.map((_, index) => 2 * index + 1))
  expect(queriesOf(columns).filter((_, row) => row % 2 === 0)).toEqual(queries)
})

test('one event, cut at every byte, as the last thing in memory', () => {
  const text = search('a', 'a query of more than a block, with é and \n in it')
  const bytes = toUtf8(text)
  const check = createChecker(fuzzCatalog)
  for (let size = 0; size < bytes.length; size += 1) {
    const item = { value: bytes.subarray(0, size), headers: [] }
    const columns = createScanner(fuzzCatalog).scan(toFetch('search', [item], 1), [QUERY])
    expect(columns.invalids, fromUtf8(item.value)).toHaveLength(1)
    expect(check(item.value, ARRIVAL_MS).invalid).not.toBeNull()
  }
  expect(check(bytes, ARRIVAL_MS).invalid).toBeNull()
})

test('the front door takes the largest item, and refuses one byte more', () => {
  const check = createChecker(fuzzCatalog)
  const room = 64 * 1024 - search('a', '').length
  for (const letter of ['x', '\n']) {
    const size = Math.floor(room / (JSON.stringify(letter).length - 2))
    const query = letter.repeat(size) + 'x'.repeat(room % (JSON.stringify(letter).length - 2))
    expect(check(toUtf8(search('a', query)), ARRIVAL_MS)).toMatchObject({ eventId: 'a' })
    const larger = check(toUtf8(search('a', `${query}x`)), ARRIVAL_MS)
    expect(larger.invalid?.code).toBe('too_large')
  }
})

test('memory grows between fetches of one scanner, and every fetch is read right', () => {
  const scanner = createScanner(fuzzCatalog)
  for (const count of [1, 500, 3, 20_000, 0, 40_000, 7]) {
    const queries = Array.from({ length: count }, (_, id) => (id % 9 === 0 ? `\n${id}` : `q${id}`))
    const texts = queries.map((query, id) => search(id, query))
    const columns = scanner.scan(fetchOf('search', texts), [QUERY])
    expect(columns).toMatchObject({ rowCount: count, slowCount: 0 })
    expect(queriesOf(columns)).toEqual(queries)
  }
})

test('fetches of different topics follow each other, and a topic may want other columns', () => {
  const scanner = createScanner(fuzzCatalog)
  const cart = eventText('add_to_cart', 'c', '"product_id":"p","quantity":2')
  for (const wanted of [[QUERY], [QUERY, SESSION], [], [QUERY]]) {
    for (let round = 0; round < 3; round += 1) {
      const columns = scanner.scan(fetchOf('search', [search('a', 'lamp')]), wanted)
      expect(queriesOf(columns)).toEqual(wanted.length === 0 ? [] : ['lamp'])
      const other = scanner.scan(fetchOf('add_to_cart', [cart]), wanted)
      expect(other).toMatchObject({ rowCount: 1, slowCount: 0 })
      expect(queriesOf(other)).toEqual(wanted.length === 0 ? [] : [null])
      const wrong = scanner.scan(fetchOf('add_to_cart', [search('a', 'lamp')]), wanted)
      expect(wrong.invalids).toMatchObject([{ invalid: { code: 'wrong_topic' } }])
    }
  }
})

test('keys that are ever new, long, or many in one event leave the others readable', () => {
  const texts = Array.from({ length: 2_000 }, (_, id) => {
    const keys = Array.from({ length: id % 100 === 0 ? 200 : 1 }, (_, n) => `"k${id}-${n}":[{}]`)
    const long = `"${'l'.repeat(id % 150)}${id}":null`
    return eventText('search', id, [...keys, `"query":"q${id}"`, long].join(','))
  })
  const columns = createScanner(fuzzCatalog).scan(fetchOf('search', texts), [QUERY])
  expect(columns).toMatchObject({ slowCount: 0 })
  expect(queriesOf(columns)).toEqual(texts.map((_, id) => `q${id}`))
})

test('text that was decoded in vain takes no room from the text of the slow path', () => {
  const query = `\n${'q'.repeat(50_000)}`
  const text = search('a', query).replace(/}}$/, ',"results_count":1e0}}')
  const texts = Array.from({ length: 200 }, () => text)
  const columns = createScanner(fuzzCatalog).scan(fetchOf('search', texts), [QUERY])
  expect(columns).toMatchObject({ slowCount: 200, invalids: [] })
  expect(queriesOf(columns).every(found => found === query)).toBe(true)
})
