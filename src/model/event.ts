/**
 * The envelope of an event, and `defineEvent`: the one source of what an event of a type looks
 * like.
 *
 * An event is a JSON object {event_id, event_type, user_id, timestamp, session_id?, data?}. Its
 * topic is its type (with the catalog's prefix); its key in the log is its user_id. The fields of
 * `data` are declared per type; `data.currency` (ISO 4217) is known in every type. Fields that are
 * not declared are kept, and not looked at.
 */
import type { Field, FieldMap, ListField } from './field.ts'

/** Longest event_id, event_type and user_id, in UTF-8 bytes. They are not empty. */
export const ID_BYTES_MAX = 256
/** Largest event, in bytes. Of a larger item the first so many bytes are kept. */
export const EVENT_BYTES_MAX: number = 64 * 1024
/** Deepest nesting of objects and arrays, the envelope itself being 1. */
export const EVENT_DEPTH_MAX = 32

export interface EventSchema<Name extends string = string, Data extends FieldMap = FieldMap> {
  readonly kind: 'event'
  readonly name: Name
  /** The fields of `data`, in the order in which they are checked; never `currency`. */
  readonly data: Data
}

/** A field by its path in the envelope, as metrics name it. */
export type FieldPath<Schema extends EventSchema = EventSchema> =
  | 'event_id'
  | 'event_type'
  | 'user_id'
  | 'session_id'
  | 'data.currency'
  | `data.${ScalarName<Schema['data']>}`

type ScalarName<Data extends FieldMap> = {
  [Name in keyof Data & string]: Data[Name] extends ListField ? never : Name
}[keyof Data & string]

/** The numeric fields of a schema: what can be summed. */
export type NumericPath<Schema extends EventSchema> = `data.${NumericName<Schema['data']>}`

type NumericName<Data extends FieldMap> = {
  [Name in keyof Data & string]: Data[Name] extends { kind: 'integer' | 'decimal' | 'money' }
    ? Name
    : never
}[keyof Data & string]

type FieldValue<F extends Field> = F extends { kind: 'string' }
  ? string
  : F extends { kind: 'boolean' }
    ? boolean
    : F extends ListField
      ? readonly DataOf<F['fields']>[]
      : number

type DataOf<Data extends FieldMap> = {
  readonly [Name in keyof Data as Data[Name]['optional'] extends true ? never : Name]: FieldValue<
    Data[Name]
  >
} & {
  readonly [Name in keyof Data as Data[Name]['optional'] extends true ? Name : never]?: FieldValue<
    Data[Name]
  > | null
}

/** The TypeScript type of an event of a schema, as a client writes it. */
export interface EventOf<Schema extends EventSchema> {
  readonly event_id: string
  readonly event_type: Schema['name']
  readonly user_id: string
  /** RFC 3339 with `Z` or an offset. */
  readonly timestamp: string
  readonly session_id?: string | null
  readonly data: DataOf<Schema['data']> & { readonly currency?: string | null }
}

/**
 * Declares an event type. `name` is also its topic: letters, digits, `_`, `-`, `.`, at most 200.
 * The catalog (see catalog.ts) checks names and refuses two types of one name.
 */
export function defineEvent<const Name extends string, const Data extends FieldMap>(
  name: Name,
  data: Data,
): EventSchema<Name, Data> {
  return { kind: 'event', name, data }
}
