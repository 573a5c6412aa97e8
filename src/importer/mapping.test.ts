import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openFolder, readItems, toText } from './fixture.ts'
import { MAPPING_SCHEMA, parseMapping } from './mapping.ts'
import { REES46_MAPPING } from './rees46.ts'

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const MINIMAL = {
  format: 'csv',
  event_type: { constant: 'page_view' },
  user_id: { column: 'user' },
  timestamp: { column: 'at', pattern: 'rfc3339' },
}

async function importExample(name: string): Promise<unknown[]> {
  const where = root(`examples/mappings/${name}.json`)
  const mapping = parseMapping(await readFile(where, 'utf8'), where)
  const items = await readItems(root(`examples/mappings/${name}.csv`), { mapping })
  expect(items.map(item => item.reason)).toEqual(items.map(() => null))
  return items.map(item => JSON.parse(Buffer.from(item.value).toString()) as unknown)
}

describe('the examples', () => {
  test('orders: ids of their own, a pattern, an offset, amounts as they stand', async () => {
    const [first, second, third] = await importExample('orders')
    expect(first).toEqual({
      event_id: '100001',
      event_type: 'purchase',
      user_id: 'c-17',
      timestamp: '2025-11-24T09:15:00+01:00',
      data: {
        order_id: '100001',
        total_amount: 59.9,
        currency: 'EUR',
        payment_method: 'paypal',
        is_test: false,
      },
    })
    expect(second).not.toHaveProperty('data.payment_method')
    expect(third).toMatchObject({
      data: { total_amount: 12.5, payment_method: 'card; "debit"', is_test: true },
    })
  })

  test('invoices: short times of a zone, products, another encoding, users unknown', async () => {
    const [first, second, third] = await importExample('invoices')
    expect(first).toMatchObject({
      user_id: '17850',
      timestamp: '2010-12-01T08:26:00.000Z',
      data: {
        total_amount: 15.3,
        currency: 'GBP',
        products: [{ product_id: '85123A', quantity: 6, price: 2.55 }],
        invoice: '536365',
      },
    })
    expect(second).toMatchObject({ user_id: 'guest', timestamp: '2011-07-04T13:05:00.000Z' })
    expect(third).toMatchObject({ data: { description: 'TEA FOR TWO, £ 5' } })
  })

  test('clicks: types by value, others skipped, fields by type', async () => {
    const events = (await importExample('clicks')) as { event_id: string; data: object }[]
    expect(events.map(event => ({ ...event, event_id: undefined }))).toEqual([
      {
        event_type: 'product_view',
        user_id: 'v1',
        timestamp: '2025-11-24T16:00:00.000Z',
        session_id: 's1',
        data: { source: 'clicks', product_id: 'p1234' },
      },
      {
        event_type: 'search',
        user_id: 'v1',
        timestamp: '2025-11-24T16:00:31.000Z',
        session_id: 's1',
        data: { source: 'clicks', query: 'desk lamp', results_count: 0 },
      },
      {
        event_type: 'add_to_cart',
        user_id: 'v1',
        timestamp: '2025-11-24T16:00:55.250Z',
        session_id: 's1',
        data: { source: 'clicks', product_id: 'p1234', quantity: 2 },
      },
      {
        event_type: 'search',
        user_id: 'v2',
        timestamp: '2025-11-24T16:01:11.000Z',
        session_id: 's2',
        data: { source: 'clicks', query: 'lamp, "small"', results_count: 12 },
      },
    ])
  })
})

test('a file without a header line, split by tabs, with its own types', async () => {
  const mapping = parseMapping(
    JSON.stringify({
      ...MINIMAL,
      delimiter: '\t',
      columns: ['user', 'at', 'kind', 'stars'],
      event_type: { column: 'kind' },
      data: { stars: { column: 'stars', as: 'number' }, kind: { constant: 'other' } },
      data_by_type: { review: { kind: { constant: 'own' } } },
    }),
    'tabs.json',
  )
  await using folder = await openFolder()
  const at = '2025-01-01T00:00:00Z'
  const lines = [`u1\t${at}\treview\t4.50`, `\t${at}\t__proto__\t`, `u2\t${at}\t\t1`]
  const items = await readItems(await folder.write('tabs.tsv', lines.join('\n')), { mapping })
  expect(items.map(item => item.line)).toEqual([1, 2, 3])
  const texts = items.map(item => toText(item).replace(/"event_id":"[^"]*",/, ''))
  expect(texts).toEqual([
    `{"event_type":"review","user_id":"u1","timestamp":"${at}","data":{"stars":4.50,"kind":"own"}}`,
    `{"event_type":"__proto__","timestamp":"${at}","data":{"kind":"other"}}`,
    `{"user_id":"u2","timestamp":"${at}","data":{"stars":1,"kind":"other"}}`,
  ])
})

describe('how cells are written', () => {
  const importCells = async (fields: object, bytes: string | Uint8Array): Promise<string[]> => {
    const mapping = parseMapping(JSON.stringify({ ...MINIMAL, ...fields }), 'm.json')
    await using folder = await openFolder()
    const items = await readItems(await folder.write('m.csv', bytes), { mapping })
    return items.map(item => item.reason ?? Buffer.from(item.value).toString())
  }
  const AT = '2025-01-01T00:00:00Z'

  test('numbers with a decimal comma, and groups', async () => {
    const data = {
      a: { column: 'a', as: 'number', decimal: ',' },
      b: { column: 'b', as: 'integer', decimal: '.', group: ' ' },
    }
    const lines = ['"1.234,50";1\u00a0000', '-0,5;7', '1,5;1.5', '12,34.5;1', ';']
    const rows = lines.map(line => `u;${AT};${line}`)
    const items = await importCells({ delimiter: ';', data }, ['user;at;a;b', ...rows].join('\n'))
    expect(items.map(item => /"data":(.*)\}/.exec(item)?.[1] ?? item)).toEqual([
      '{"a":1234.50,"b":1000}',
      '{"a":-0.5,"b":7}',
      'csv_line',
      'csv_line',
      '{}',
    ])
  })

  test('products of columns are exact', async () => {
    const data = { total: { multiply: ['n', 'price'] } }
    const lines = ['6,2.55', '-3,0.1', '9007199254740993,3', '0,1.5', ',2', 'x,2']
    const rows = lines.map(line => `u,${AT},${line}`)
    const items = await importCells({ data }, ['user,at,n,price', ...rows].join('\n'))
    expect(items.map(item => /"data":(.*)\}/.exec(item)?.[1] ?? item)).toEqual([
      '{"total":15.30}',
      '{"total":-0.3}',
      '{"total":27021597764222979}',
      '{"total":0.0}',
      '{}',
      'csv_line',
    ])
  })

  test('what an empty cell stands for', async () => {
    const user_id = { column: 'user', default: 'guest' }
    const data = { n: { column: 'n', as: 'integer', default: 1 } }
    const items = await importCells({ user_id, data }, `user,at,n\n,${AT},\nu,${AT},2`)
    expect(items[0]).toContain('"user_id":"guest"')
    expect(items[0]).toContain('"data":{"n":1}')
    expect(items[1]).toContain('"user_id":"u"')
    expect(items[1]).toContain('"data":{"n":2}')
  })

  test('text that is not UTF-8', async () => {
    const text = `user,at,Größe\nu€,${AT},5 £\n`
    const windows = Buffer.from(text.replace('€', '\x80'), 'latin1')
    const fields = { data: { size: { column: 'Größe' } } }
    const read = await importCells({ ...fields, encoding: 'windows-1252' }, windows)
    expect(read).toEqual(await importCells(fields, text))
    expect(read[0]).toContain('"user_id":"u€"')
    await expect(importCells(fields, windows)).rejects.toThrow('a mapping can say its "encoding"')
    const plain = windows.toString('latin1').replace('Größe', 'size')
    const other = { data: { size: { column: 'size' } } }
    expect(await importCells(other, Buffer.from(plain, 'latin1'))).toEqual(['csv_line'])
  })
})

test('the mapping that is built in is one that could be written', () => {
  expect(parseMapping(JSON.stringify(REES46_MAPPING), 'built-in')).toEqual(REES46_MAPPING)
})

test('the JSON Schema is the one that the check is made of', async () => {
  const schema = JSON.parse(await readFile(root('docs/reference/mapping.schema.json'), 'utf8'))
  expect(schema).toEqual({ title: 'A mapping of weir import', ...z.toJSONSchema(MAPPING_SCHEMA) })
})

test('the reference names every member, and its example is right', async () => {
  const page = await readFile(root('docs/reference/mapping.md'), 'utf8')
  const { properties } = z.toJSONSchema(MAPPING_SCHEMA)
  for (const name of Object.keys(properties ?? {})) expect(page).toContain(`| \`${name}\` `)
  const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(match => match[1] ?? '')
  expect(blocks.length).toBeGreaterThan(0)
  for (const block of blocks) parseMapping(block, 'docs/reference/mapping.md')
})

describe('a wrong mapping is told by the path of what is wrong', () => {
  const timestamp = (fields: object): object => ({
    ...MINIMAL,
    timestamp: { ...MINIMAL.timestamp, ...fields },
  })
  test.each<[string, object, string]>([
    ['a member that is missing', { ...MINIMAL, user_id: undefined }, '$.user_id: '],
    ['a name that is not known', { ...MINIMAL, usr: 1 }, '$: unrecognized key: "usr"'],
    ['a name that is not known, deeper', timestamp({ tz: 'UTC' }), '$.timestamp: unrecognized'],
    ['a format that is none', { ...MINIMAL, format: 'xml' }, '$.format: '],
    ['letters that are no pattern', timestamp({ pattern: 'DD.MM.YYYY' }), '$.timestamp.pattern: '],
    ['a pattern without a date', timestamp({ pattern: 'HH:mm' }), '$.timestamp.pattern: '],
    ['a field twice', timestamp({ pattern: 'yyyy-MM-dd dd' }), '$.timestamp.pattern: '],
    ['a zone that is none', timestamp({ zone: 'Berlin' }), "$.timestamp.zone: use 'UTC', an"],
    [
      'signs of numbers for a text',
      { ...MINIMAL, data: { a: { column: 'x', decimal: ',' } } },
      '$.data.a: decimal and group are of numbers',
    ],
    [
      'one sign for two things',
      { ...MINIMAL, data: { a: { column: 'x', as: 'number', decimal: ',', group: ',' } } },
      '$.data.a: decimal and group are two signs',
    ],
    [
      'a product of one column',
      { ...MINIMAL, data: { a: { multiply: ['x'] } } },
      '$.data.a.multiply: ',
    ],
    [
      'an alternative with a wrong value',
      { ...MINIMAL, data: { 'a b': { column: 'x', as: 'float' } } },
      '$.data["a b"].as: ',
    ],
    [
      'a word of a closed list',
      { ...MINIMAL, event_type: { column: 'x', other: 'drop' } },
      '.other: ',
    ],
    ['a column without a name', { ...MINIMAL, data: { a: { column: '' } } }, '$.data.a.column: '],
    ['an empty list', { ...MINIMAL, data: { a: { list: [] } } }, '$.data.a.list: '],
  ])('%s', (_name, mapping, message) => {
    const parse = (): unknown => parseMapping(JSON.stringify(mapping), 'm.json')
    expect(parse).toThrow('the mapping m.json is wrong: ')
    expect(parse).toThrow(message)
    expect(parse).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test('no JSON', () => {
    expect(() => parseMapping('{', 'm.json')).toThrow('the mapping m.json is not JSON: ')
  })

  test('a byte order mark is no fault', () => {
    expect(parseMapping(`\ufeff${JSON.stringify(MINIMAL)}`, 'm.json')).toEqual(MINIMAL)
  })
})
