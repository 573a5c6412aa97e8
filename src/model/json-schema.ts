/**
 * The JSON Schema (draft 2020-12) of an event type, for producers that check before they send. It
 * says what a schema can say; that a timestamp is a real instant, or that an amount has no more
 * decimals than its currency, only the verdict can.
 */
import { CURRENCY_CODES } from './currency.ts'
import type { EventSchema } from './event.ts'
import { ID_BYTES_MAX } from './event.ts'
import type { Field, FieldMap } from './field.ts'

export type JsonSchema = { readonly [keyword: string]: unknown }

/** An id is at most 256 bytes, and so at most 256 characters. */
const ID: JsonSchema = { type: 'string', minLength: 1, maxLength: ID_BYTES_MAX }

export function toJsonSchema(event: EventSchema): JsonSchema {
  const data = toObjectSchema(event.data)
  const isDataRequired = Object.values(event.data).some(field => !field.optional)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: event.name,
    type: 'object',
    properties: {
      event_id: ID,
      event_type: { const: event.name },
      user_id: ID,
      timestamp: { type: 'string', format: 'date-time' },
      session_id: { type: ['string', 'null'] },
      data: {
        ...data,
        type: isDataRequired ? 'object' : ['object', 'null'],
        properties: {
          currency: { enum: [...CURRENCY_CODES, null] },
          ...(data['properties'] as JsonSchema),
        },
      },
    },
    required: [
      'event_id',
      'event_type',
      'user_id',
      'timestamp',
      ...(isDataRequired ? ['data'] : []),
    ],
  }
}

/** Unknown fields are allowed everywhere: they are kept. */
function toObjectSchema(fields: FieldMap): JsonSchema {
  const entries = Object.entries(fields)
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, field]) => [name, toFieldSchema(field)])),
    required: entries.filter(([, field]) => !field.optional).map(([name]) => name),
  }
}

function toFieldSchema(field: Field): JsonSchema {
  const { type, ...rest } = toValueSchema(field)
  return { type: field.optional ? [type, 'null'] : type, ...rest }
}

function toValueSchema(field: Field): { readonly type: string } & JsonSchema {
  switch (field.kind) {
    case 'string':
      return { type: 'string' }
    case 'boolean':
      return { type: 'boolean' }
    case 'integer':
      return { type: 'integer', minimum: field.min, maximum: field.max }
    case 'decimal':
      return { type: 'number', multipleOf: Number(`1e-${field.scale}`) }
    case 'money':
      return { type: 'number' }
    case 'list':
      return { type: 'array', items: toObjectSchema(field.fields) }
  }
}
