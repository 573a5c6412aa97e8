/** Properties over random bytes, cells and documents; a failure prints the seed that reruns it. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCsvSplit } from './csv-records.ts'
import { createDecode } from './encoding.ts'
import type { Folder } from './fixture.ts'
import { openFolder, readItems, toText } from './fixture.ts'
import { REJECTED } from './line-mapper.ts'
import { splitLines } from './lines.ts'
import { createValueSplit } from './values.ts'
import type { ImportItem, Split } from './window.ts'
import { createWindow, passLongItem, refill } from './window.ts'

let folder: Folder
beforeAll(async () => {
  folder = await openFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

/** Splits bytes that come in chunks of the given sizes, over and over. */
function splitChunks(split: Split, bytes: Buffer, sizes: readonly number[]): ImportItem[] {
  const window = createWindow(0, 1)
  const items: ImportItem[] = []
  const drain = (isLast: boolean): void => {
    for (let item = split(window, isLast); item !== null; item = split(window, isLast)) {
      items.push(item)
    }
    passLongItem(window)
  }
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    refill(window, bytes.subarray(start, start + size))
    start += size
    drain(false)
  }
  drain(true)
  return items
}

const decodeUtf8 = createDecode('utf-8')

const SPLITS: readonly (readonly [string, () => Split])[] = [
  ['lines', () => splitLines],
  ['an array', () => createValueSplit('array')],
  ['an array in an object', () => createValueSplit('object')],
  ['a sequence', () => createValueSplit('none')],
  ['CSV', () => createCsvSplit((_cells, text) => JSON.stringify(text), ',', decodeUtf8)],
]

/** Bytes that mean something to a splitter, in any disorder. */
const nasty = fc
  .array(fc.constantFrom(...Buffer.from('"\\{}[],:; \n\r\t\0a1\xff', 'latin1')), { maxLength: 60 })
  .map(bytes => Buffer.from(bytes))

describe('however the bytes come in', () => {
  test.each(SPLITS)('%s gives the same items', (_name, createSplit) => {
    fc.assert(
      fc.property(
        nasty,
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (bytes, sizes) => {
          const whole = splitChunks(createSplit(), bytes, [Math.max(1, bytes.length)])
          expect(splitChunks(createSplit(), bytes, sizes)).toEqual(whole)
        },
      ),
      { numRuns: 500 },
    )
  })

  test.each(SPLITS.filter(([name]) => name === 'lines' || name === 'CSV'))(
    '%s loses no byte but those between items',
    (_name, createSplit) => {
      fc.assert(
        fc.property(nasty, bytes => {
          const items = splitChunks(createSplit(), bytes, [5])
          const texts = items.map(item =>
            item.reason === null && createSplit() !== splitLines
              ? (JSON.parse(Buffer.from(item.value).toString()) as string)
              : toText(item),
          )
          const visible = (text: string): string => text.replace(/[\r\n\t ]/g, '')
          expect(visible(texts.join(''))).toBe(visible(bytes.toString('latin1')))
        }),
        { numRuns: 500 },
      )
    },
  )
})

test('a long line ends before its carriage return, even if a chunk ends there', () => {
  const bytes = Buffer.from(`${'x'.repeat(1_500_000)}\r\ny`)
  for (const size of [1_500_000, 1_500_001, 1_500_002]) {
    const items = splitChunks(splitLines, bytes, [size])
    expect(items.map(item => item.cut?.lengthBytes ?? item.value.length)).toEqual([1_500_000, 1])
    expect(items).toEqual(splitChunks(splitLines, bytes, [bytes.length]))
  }
})

test('any values, printed in any way, are split as JSON.parse sees them', () => {
  const indent = fc.constantFrom('', ' ', '\t', '    ')
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), indent, (values, space) => {
      const bytes = Buffer.from(JSON.stringify(values, null, space)).subarray(1)
      const items = splitChunks(createValueSplit('array'), bytes, [3, 11])
      expect(items.map(item => JSON.parse(Buffer.from(item.value).toString()) as unknown)).toEqual(
        JSON.parse(JSON.stringify(values)),
      )
    }),
    { numRuns: 500 },
  )
})

test('any cells, quoted by RFC 4180, come out as they went in', async () => {
  const cell = fc
    .string({
      unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r', ' ', '😀', '\0'),
      maxLength: 8,
    })
    .filter(text => text !== '')
  const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`
  const mapping = {
    format: 'csv',
    event_type: { constant: 'page_view' },
    user_id: { column: 'user' },
    timestamp: { column: 'at', pattern: 'rfc3339' },
    data: { note: { column: 'note' } },
  } as const
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 6 }),
      fc.constantFrom('\n', '\r\n'),
      async (rows, end) => {
        const lines = rows.map(
          ([user, note]) => `${quote(user)},2024-01-01T00:00:00Z,${quote(note)}`,
        )
        const path = await folder.write('cells.csv', ['user,at,note', ...lines].join(end))
        const items = await readItems(path, { mapping })
        const events = items.map(item => JSON.parse(Buffer.from(item.value).toString()) as unknown)
        expect(events).toMatchObject(
          rows.map(([user, note]) => ({ user_id: user, data: { note } })),
        )
      },
    ),
    { numRuns: 200 },
  )
})

test('a rejected record is its own lines, and no more', () => {
  fc.assert(
    fc.property(nasty, bytes => {
      const split = createCsvSplit(() => REJECTED, ',', decodeUtf8)
      for (const item of splitChunks(split, bytes, [4])) {
        expect(item.reason).toBe('csv_line')
        expect(bytes.includes(Buffer.from(item.value))).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
})
