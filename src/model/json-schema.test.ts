import { expect, test } from 'vitest'
import { defineEvent } from './event.ts'
import { decimal, integer, list, money, string } from './field.ts'
import { toJsonSchema } from './json-schema.ts'
import { pageView } from './shop-events.ts'

test('a type with required fields needs data', () => {
  const event = defineEvent('refund', {
    order_id: string(),
    amount: money(),
    weight: decimal(3, { optional: true }),
    lines: list({ quantity: integer({ min: 1, max: 9 }) }, { optional: true }),
  })
  expect(toJsonSchema(event)).toMatchObject({
    title: 'refund',
    properties: {
      event_type: { const: 'refund' },
      user_id: { type: 'string', minLength: 1, maxLength: 256 },
      data: {
        type: 'object',
        required: ['order_id', 'amount'],
        properties: {
          amount: { type: 'number' },
          weight: { type: ['number', 'null'], multipleOf: 0.001 },
          lines: {
            type: ['array', 'null'],
            items: {
              type: 'object',
              required: ['quantity'],
              properties: { quantity: { type: 'integer', minimum: 1, maximum: 9 } },
            },
          },
        },
      },
    },
    required: ['event_id', 'event_type', 'user_id', 'timestamp', 'data'],
  })
})

test('a type without required fields can do without data', () => {
  const schema = toJsonSchema(pageView)
  expect(schema).toMatchObject({ properties: { data: { type: ['object', 'null'] } } })
  expect(schema['required']).not.toContain('data')
})
