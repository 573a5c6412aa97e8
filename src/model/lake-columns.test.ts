import { expect, test } from 'vitest'
import { defineEvent } from './event.ts'
import { boolean, decimal, integer, list, money, string } from './field.ts'
import { hasMoney, lakeColumnOf, lakeColumnsOf } from './lake-columns.ts'
import { pageView } from './shop-events.ts'

const parcel = defineEvent('parcel', {
  note: string({ optional: true }),
  pieces: integer(),
  weight: decimal(3),
  fee: money(),
  is_gift: boolean(),
  items: list({ sku: string() }),
})

test('a type has the envelope, its fields as declared, and where the record was', () => {
  expect(lakeColumnsOf(parcel).map(({ name, type }) => `${name} ${type}`)).toEqual([
    'event_id VARCHAR',
    'event_type VARCHAR',
    'user_id VARCHAR',
    'session_id VARCHAR',
    'timestamp_ms BIGINT',
    'timestamp TIMESTAMP',
    'currency VARCHAR',
    'data_currency VARCHAR',
    'note VARCHAR',
    'pieces BIGINT',
    'weight DECIMAL(38,3)',
    'fee_units BIGINT',
    'is_gift BOOLEAN',
    'items VARCHAR',
    'extra VARCHAR',
    'topic VARCHAR',
    'partition INTEGER',
    'offset BIGINT',
    'arrival_ms BIGINT',
    'misplaced BOOLEAN',
  ])
})

test('a name that is taken, in any case, gets data_ before it', () => {
  const clash = defineEvent('clash', {
    Offset: integer(),
    event_date: string(),
    fee: money(),
    fee_units: integer(),
    sku: string(),
    SKU: string(),
  })
  const fields = lakeColumnsOf(clash).filter(column => column.source.kind === 'field')
  expect(fields.map(column => column.name)).toEqual([
    'data_Offset',
    'data_event_date',
    'fee_units',
    'data_fee_units',
    'sku',
    'data_SKU',
  ])
  const all = lakeColumnsOf(clash).map(column => column.name.toLowerCase())
  expect(new Set(all).size).toBe(all.length)
})

test('a column is found by the path that metrics use', () => {
  expect(lakeColumnOf(parcel, 'data.fee')?.name).toBe('fee_units')
  expect(lakeColumnOf(parcel, 'user_id')?.name).toBe('user_id')
  expect(lakeColumnOf(parcel, 'data.currency')?.name).toBe('data_currency')
  expect(lakeColumnOf(parcel, 'data.user_id')).toBeNull()
  expect(lakeColumnOf(parcel, 'pieces')).toBeNull()
  expect([hasMoney(parcel), hasMoney(pageView)]).toEqual([true, false])
})
