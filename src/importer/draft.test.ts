import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Folder } from './fixture.ts'
import { openFolder, readItems } from './fixture.ts'
import { parseMapping } from './mapping.ts'

let folder: Folder
beforeAll(async () => {
  folder = await openFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

/** The mapping that the refusal of a file proposes, as it stands there. */
async function draftOf(path: string): Promise<string> {
  const refusal: unknown = await readItems(path).catch((error: unknown) => error)
  const { message } = refusal as Error
  return /beginning from (\{.*\}); docs/.exec(message)?.[1] ?? message
}

describe('the mapping that is proposed for an unknown CSV file', () => {
  test.each([
    [
      'clicks, by epoch',
      'timestamp,visitorid,event,itemid\n1433221332117,257,view,355\n' +
        '1433224214164,992,addtocart,2\n',
      [
        { event_type: 'product_view', user_id: '257', timestamp: '2015-06-02T05:02:12.117Z' },
        { event_type: 'add_to_cart', data: { product_id: '2', quantity: 1 } },
      ],
    ],
    [
      'lines of invoices, in windows-1252',
      Buffer.from(
        'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n' +
          '536365,85123A,"HEART, £",6,12/1/2010 8:26,2.55,17850\n' +
          '536365,71053,LANTERN,2,12/13/2010 18:26,3.39,17850\n',
        'latin1',
      ),
      [
        { event_type: 'purchase', timestamp: '2010-12-01T08:26:00Z', data: { total_amount: 15.3 } },
        { timestamp: '2010-12-13T18:26:00Z', data: { total_amount: 6.78, currency: 'USD' } },
      ],
    ],
    [
      'orders, with commas in numbers',
      'order_id;customer_id;payment_type;order_date;total;currency\n' +
        '1;c1;card;24.11.2025 09:15;1.059,90;EUR\n',
      [{ event_type: 'purchase', data: { order_id: '1', total_amount: 1059.9, currency: 'EUR' } }],
    ],
    [
      'actions of all kinds',
      'user_id,action,at,product_id,qty,search_term\n' +
        'u1,search,2025-01-02T03:04:05.123456,,,lamp\n' +
        'u1,Add to Wishlist,2025-01-02T03:04:06.000001,p1,,\n' +
        'u1,Added to basket,2025-01-02T03:04:07.500000,p1,3,\n',
      [
        { event_type: 'search', data: { query: 'lamp' } },
        { event_type: 'add_to_wishlist', data: { product_id: 'p1' } },
        { event_type: 'add_to_cart', data: { product_id: 'p1', quantity: 3 } },
      ],
    ],
  ])('%s: imports it', async (name, content, expected) => {
    const path = await folder.write(`${name}.csv`, content)
    const mapping = parseMapping(await draftOf(path), 'the draft')
    const items = await readItems(path, { mapping })
    expect(items.map(item => item.reason)).toEqual(expected.map(() => null))
    const events = items.map(item => JSON.parse(Buffer.from(item.value).toString()) as unknown)
    expect(events).toMatchObject(expected)
  })

  test('says what it cannot tell, and is still a mapping', async () => {
    const path = await folder.write('unknown.csv', 'a,b,c\n1,2,3\n')
    const mapping = parseMapping(await draftOf(path), 'the draft')
    expect(mapping).toMatchObject({ user_id: { column: '?' }, timestamp: { column: '?' } })
    await expect(readItems(path, { mapping })).rejects.toThrow(
      `names column "?", which ${path} does not have`,
    )
  })

  test('a header alone', async () => {
    const path = await folder.write('header.csv', 'event,user,time,item\n')
    const mapping = parseMapping(await draftOf(path), 'the draft')
    expect(mapping).toMatchObject({
      event_type: { column: 'event', values: { '?': 'product_view' } },
    })
  })
})
