import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Folder } from './fixture.ts'
import { openFolder, readItems, toText } from './fixture.ts'
import type { ImportItem } from './importer.ts'

let folder: Folder
beforeAll(async () => {
  folder = await openFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

const parseItem = (item: ImportItem): { [name: string]: unknown } =>
  JSON.parse(Buffer.from(item.value).toString()) as { [name: string]: unknown }

describe('a CSV line that cannot be mapped keeps its bytes', () => {
  const header =
    'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session'
  const good = '2019-10-01 00:00:00 UTC,view,1,2,c,b,1.00,u1,v1'
  test.each([
    ['too few cells', '2019-10-01 00:00:00 UTC,view,1'],
    ['too many cells', `${good},more`],
    ['a type that is not mapped', good.replace('view', 'remove_from_cart')],
    ['a type of the name of a prototype', good.replace('view', 'constructor')],
    ['a day that is none', good.replace('10-01', '02-30')],
    ['a time of another form', good.replace(' UTC', 'Z')],
    ['a price that is no number', good.replace('1.00', '1,00')],
    ['a price of words', good.replace('1.00', 'NaN')],
    ['a price with a leading zero', good.replace('1.00', '01.00')],
    ['a quote within a cell', good.replace(',b,', ',24" b,')],
    ['a quote that is not closed', good.replace(',b,', ',"b,')],
    ['text behind a closed quote', good.replace(',b,', ',"b"x,')],
    ['bytes that are not UTF-8', good.replace(',b,', ',\xff,')],
  ])('%s', async (_name, line) => {
    const content = Buffer.from(`${header}\n${good}\n${line}\n${good}\n`, 'latin1')
    const items = await readItems(await folder.write('bad-line.csv', content))
    expect(items.map(item => [item.line, item.reason])).toEqual([
      [2, null],
      [3, 'csv_line'],
      [4, null],
    ])
    expect(toText(items[1] as ImportItem)).toBe(line)
  })

  test('cells in quotes may hold delimiters, quotes and newlines', async () => {
    const cell = 'a "b",\r\nc'
    const line = good.replace(',b,', `,"${cell.replaceAll('"', '""')}",`)
    const items = await readItems(
      await folder.write('quotes.csv', `${header}\r\n${line}\r\n${good}\r\n`),
    )
    expect(items.map(item => [item.line, item.reason])).toEqual([
      [2, null],
      [4, null],
    ])
    expect((parseItem(items[0] as ImportItem)['data'] as { brand: string }).brand).toBe(cell)
  })
})
