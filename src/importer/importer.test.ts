import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Folder } from './fixture.ts'
import { openFolder, readBatches, readItems, toText } from './fixture.ts'
import type { ImportItem } from './importer.ts'
import { BATCH_BYTES_MAX, BATCH_ITEMS_MAX, openImportSource } from './importer.ts'
import { CUT_BYTES } from './window.ts'

const SHARED = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
const SAMPLE = `${SHARED}ecommerce-sample-data.json`
const REES46 = `${SHARED}rees46-2019-10.csv`

let folder: Folder
beforeAll(async () => {
  folder = await openFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

const parseItem = (item: ImportItem): { [name: string]: unknown } =>
  JSON.parse(Buffer.from(item.value).toString()) as { [name: string]: unknown }

describe('the sample file', () => {
  test('gives its events, each with its own bytes', async () => {
    const text = await readFile(SAMPLE, 'utf8')
    const items = await readItems(SAMPLE)
    expect(items.map(parseItem)).toEqual((JSON.parse(text) as { events: unknown[] }).events)
    expect(items.map(item => item.line)).toEqual(items.map((_, index) => index + 1))
    for (const item of items) expect(text).toContain(Buffer.from(item.value).toString())
  })
})

describe('the REES46 file', () => {
  test('has the counts and sums of an independent recount', async () => {
    const lines = (await readFile(REES46, 'utf8')).split('\r\n').slice(1)
    const whole = lines.map(line => line.split(',')).filter(cells => cells.length === 9)
    const items = await readItems(REES46)
    expect(items.length).toBe(17_435)
    const events = items.filter(item => item.reason === null).map(parseItem)
    expect(events.length).toBe(whole.length)
    const types = { product_view: 'view', add_to_cart: 'cart', purchase: 'purchase' }
    for (const [type, cell] of Object.entries(types)) {
      const expected = whole.filter(cells => cells[1] === cell)
      const found = events.filter(event => event['event_type'] === type)
      expect(found.map(event => event['user_id'])).toEqual(expected.map(cells => cells[7]))
      expect(found.map(event => event['session_id'])).toEqual(expected.map(cells => cells[8]))
      expect(found.map(event => event['timestamp'])).toEqual(
        expected.map(([time = '']) => `${time.slice(0, 10)}T${time.slice(11, 19)}Z`),
      )
    }
    expect(new Set(events.map(event => event['event_id'])).size).toBe(events.length)
  })

  test('keeps the digits of prices, and leaves empty cells out', async () => {
    const [first, second] = await readItems(REES46)
    expect(toText(first as ImportItem)).toContain('"price":35.79,')
    expect(toText(first as ImportItem)).not.toContain('"category"')
    expect(toText(second as ImportItem)).toContain('"price":33.20,')
  })

  test('has orders of one product, in dollars, with order ids of their own', async () => {
    const items = (await readItems(REES46)).filter(item => item.reason === null)
    const orders = items.map(parseItem).filter(event => event['event_type'] === 'purchase')
    const data = orders.map(order => order['data'] as { [name: string]: unknown })
    expect(new Set(data.map(fields => fields['order_id'])).size).toBe(214)
    for (const fields of data) {
      expect(fields['order_id']).toMatch(/^o[0-9a-f]{16}$/)
      expect(fields['currency']).toBe('USD')
      expect(fields['products']).toEqual([
        { product_id: expect.any(String) as string, quantity: 1, price: fields['total_amount'] },
      ])
    }
  })

  test('ends with the line that was cut off, kept as it is', async () => {
    const last = (await readItems(REES46)).at(-1)
    expect(last?.reason).toBe('csv_line')
    expect(last?.line).toBe(17_436)
    expect(toText(last as ImportItem)).toMatch(/^2019-10-01 02:50:00 UTC,view,.*,52040330$/)
  })

  test('gives the same items under another name', async () => {
    const copy = await folder.write('another-name.csv', await readFile(REES46))
    expect(await readItems(copy)).toEqual(await readItems(REES46))
  })
})

test('an id is derived from the number and the bytes of its line', async () => {
  const line = '2019-10-01 00:00:00 UTC,view,1,2,,b,1.00,u1,v1'
  const header = (await readFile(REES46, 'utf8')).split('\r\n')[0] ?? ''
  const [first, second] = await readItems(
    await folder.write('twice.csv', `${header}\n${line}\n${line}`),
  )
  const digest = createHash('sha256').update(`2:${line}`).digest('hex')
  const id = String(parseItem(first as ImportItem)['event_id'])
  expect(id.replaceAll('-', '')).toBe(digest.slice(0, 32))
  expect(id).toMatch(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/)
  expect(parseItem(second as ImportItem)['event_id']).not.toBe(id)
})

describe('reading goes on at a position', () => {
  const lines = Array.from({ length: 2500 }, (_, n) => `{"n":${n}}`)
  const header = 'type,user,time,note'
  const rows = lines.map((_, n) => `page_view,u${n},${n},"a\n""${n}"""`)
  const mapping = {
    format: 'csv',
    event_type: { column: 'type' },
    user_id: { column: 'user' },
    timestamp: { column: 'time', pattern: 'epoch_s' },
  } as const
  test.each([
    ['go.ndjson', lines.join('\n'), null],
    ['go.json', `{"events":[${lines.join(',\n')}],"next":null}`, null],
    ['go-array.json', `[${lines.join(',')}] tail`, null],
    ['go-sequence.json', `{\n"n":0}\n${lines.join('\n')}`, null],
    ['go.ndjson.gz', gzipSync(lines.join('\n')), null],
    ['go.csv', [header, ...rows].join('\r\n'), mapping],
    ['go.csv.zst', zstdCompressSync(Buffer.from([header, ...rows].join('\n'))), mapping],
  ])('%s: from every batch on, the same as in one go', async (name, content, map) => {
    const path = await folder.write(name, content)
    const batches = await readBatches(path, { mapping: map })
    expect(batches.length).toBeGreaterThan(2)
    for (const [index, batch] of batches.entries()) {
      const rest = await readItems(path, { mapping: map, from: batch.position })
      expect(rest).toEqual(batches.slice(index + 1).flatMap(({ items }) => items))
    }
  })

  test('a file that is shorter than the position is a Fault', async () => {
    const path = await folder.write('short.ndjson', '1\n')
    const from = { byteOffset: 100, line: 7 }
    await expect(readItems(path, { from })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    const zipped = await folder.write('short.ndjson.gz', gzipSync('1\n'))
    await expect(readItems(zipped, { from })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
  })
})

describe('memory is bounded', () => {
  test('an item over 1 MiB is cut, with its length and hash, and harms no other', async () => {
    const huge = Buffer.alloc(10_000_000, 'x')
    const sha256 = createHash('sha256').update(huge).digest('hex')
    for (const [name, before, after] of [
      ['huge.ndjson', '{"a":1}\n', '\r\n{"b":2}\n'],
      ['huge.json', '[{"a":1},', ',{"b":2}]'],
    ] as const) {
      const path = await folder.write(
        name,
        Buffer.concat([Buffer.from(before), huge, Buffer.from(after)]),
      )
      const items = await readItems(path)
      expect(items.map(item => item.value.length)).toEqual([7, CUT_BYTES, 7])
      expect(items[1]?.cut).toEqual({ lengthBytes: huge.length, sha256 })
      expect(items[1]?.line).toBe(2)
    }
  })

  test.each([-2, -1, 0, 1, 2])(
    'a line of 1 MiB %i bytes is whole or cut by its length',
    async more => {
      const size = BATCH_BYTES_MAX + more
      for (const end of ['\n', '\r\n', '']) {
        const path = await folder.write('edge.ndjson', `1\n${'x'.repeat(size)}${end}`)
        const item = (await readItems(path))[1] as ImportItem
        expect(item.value.length).toBe(more > 0 ? CUT_BYTES : size)
        expect(item.cut?.lengthBytes ?? size).toBe(size)
      }
    },
  )

  test('a quote that opens and never closes costs its own line only', async () => {
    const header = (await readFile(REES46, 'utf8')).split('\r\n')[0] ?? ''
    const good = '2019-10-01 00:00:00 UTC,view,1,2,c,b,1.00,u1,v1\n'
    const path = await folder.write('open.csv', `${header}\n"${good}${good.repeat(30_000)}`)
    const items = await readItems(path)
    expect(items.length).toBe(30_001)
    expect(items.filter(item => item.reason !== null).map(item => item.line)).toEqual([2])
  })

  test('batches hold so many items and bytes at most', async () => {
    const lines = ['1\n'.repeat(2500), `${'y'.repeat(600_000)}\n`.repeat(3)]
    const batches = await readBatches(await folder.write('batches.ndjson', lines.join('')))
    for (const { items } of batches) {
      expect(items.length).toBeLessThanOrEqual(BATCH_ITEMS_MAX)
      const bytes = items.reduce((sum, item) => sum + item.value.length, 0)
      expect(bytes).toBeLessThanOrEqual(BATCH_BYTES_MAX)
    }
    expect(batches.flatMap(({ items }) => items).length).toBe(2503)
    expect(batches.at(-1)?.bytesRead).toBe(batches.at(-1)?.bytesTotal)
  })
})

test('an aborted reading ends early, without an error', async () => {
  const path = await folder.write('long.ndjson', '1\n'.repeat(100_000))
  const control = new AbortController()
  await using source = await openImportSource({
    path,
    mapping: null,
    from: null,
    signal: control.signal,
  })
  let count = 0
  for await (const batch of source) {
    count += batch.items.length
    control.abort()
  }
  expect(count).toBe(BATCH_ITEMS_MAX)
})
