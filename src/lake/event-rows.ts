/**
 * Accepted records as rows of columns: each value as it was counted. A declared field whose value
 * does not fit, since the config changed after the event was accepted, is kept with what has no
 * column.
 *
 * Hot: `as number` stands on slots that the spans have.
 */
import type { Catalog } from '../model/catalog.ts'
import { CURRENCY_DECIMALS } from '../model/currency.ts'
import type { EventSchema } from '../model/event.ts'
import type { Field } from '../model/field.ts'
import type { LakeColumn, LakeSource } from '../model/lake-columns.ts'
import { hasMoney, lakeColumnsOf } from '../model/lake-columns.ts'
import { partitionOfRange } from '../model/partitioner.ts'
import { toUtf8 } from '../std/bytes.ts'
import { toStringText } from '../std/json.ts'
import type { ChunkWriter, NumberColumn, TextColumn } from './columns.ts'
import type { Misfit } from './extra.ts'
import { toExtra } from './extra.ts'
import { DAY } from './gathered.ts'
import type { RecordView } from './records.ts'
import type { EventSpans } from './spans.ts'
import { createEventSpans } from './spans.ts'
import { createTimestampReader, readUnits, toDay } from './values.ts'

export interface EventRowsOptions {
  /** Of columns as `eventColumnsOf` tells. */
  readonly writer: ChunkWriter
  readonly schema: EventSchema
  readonly catalog: Catalog
  readonly partition: number
}

/** Slots of the envelope. */
const KEYS = ['event_id', 'event_type', 'user_id', 'session_id', 'timestamp']
const EVENT_ID = 0
const USER_ID = 2
const SESSION_ID = 3
const TIMESTAMP = 4
/** Slots of `data`. */
const CURRENCY: number = KEYS.length
const FIELD_FIRST: number = CURRENCY + 1

const QUOTE = 0x22
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const LETTER_F = 0x66
const LETTER_T = 0x74

interface FieldColumn {
  readonly name: string
  readonly slot: number
  readonly kind: Field['kind']
  /** Of decimals. */
  readonly scale: number
  readonly column: TextColumn | NumberColumn
}

export class EventRows {
  readonly #options: EventRowsOptions
  readonly #spans: EventSpans
  readonly #readTimestamp: ReturnType<typeof createTimestampReader>
  readonly #fields: readonly FieldColumn[]
  readonly #currency: TextColumn | null
  readonly #currencyDefault: Uint8Array
  readonly #dataCurrency: TextColumn
  readonly #extra: TextColumn
  readonly #eventId: TextColumn
  readonly #userId: TextColumn
  readonly #sessionId: TextColumn
  readonly #timestampMs: NumberColumn
  readonly #offset: NumberColumn
  readonly #arrivalMs: NumberColumn
  readonly #misplaced: NumberColumn
  readonly #day: NumberColumn
  /** The text that was put last. */
  #text: Uint8Array = new Uint8Array(0)
  #textStart = 0
  #textEnd = 0

  constructor(options: EventRowsOptions) {
    const { writer, schema, catalog } = options
    this.#options = options
    this.#spans = createEventSpans(KEYS, ['currency', ...Object.keys(schema.data)])
    this.#readTimestamp = createTimestampReader()
    this.#fields = toFieldColumns(writer, schema)
    this.#currency = hasMoney(schema) ? writer.text('currency') : null
    this.#currencyDefault = toUtf8(catalog.currency)
    this.#dataCurrency = writer.text('data_currency')
    this.#extra = writer.text('extra')
    this.#eventId = writer.text('event_id')
    this.#userId = writer.text('user_id')
    this.#sessionId = writer.text('session_id')
    this.#timestampMs = writer.number('timestamp_ms')
    this.#offset = writer.number('offset')
    this.#arrivalMs = writer.number('arrival_ms')
    this.#misplaced = writer.number('misplaced')
    this.#day = writer.number(DAY)
  }

  /** Writes the record as a row; gives the UTC day of the event, in days since the epoch. */
  add(record: RecordView): number {
    const { bytes } = record
    const { start, end } = this.#spans
    this.#spans.read(bytes, record.valueStart)
    this.#putText(this.#eventId, bytes, EVENT_ID)
    this.#putText(this.#sessionId, bytes, SESSION_ID)
    this.#putText(this.#userId, bytes, USER_ID)
    this.#misplaced.set(this.#isTextAtHome() ? 0 : 1)
    this.#putData(bytes)
    const timeMs = this.#readTimestamp(bytes, start[TIMESTAMP] as number, end[TIMESTAMP] as number)
    const day = toDay(timeMs)
    this.#timestampMs.set(timeMs)
    this.#day.set(day)
    this.#offset.set(record.offset)
    if (record.arrivalMs >= 0) this.#arrivalMs.set(record.arrivalMs)
    this.#options.writer.endRow()
    return day
  }

  /** Whether the user that was put last belongs in this partition. */
  #isTextAtHome(): boolean {
    const { catalog, partition } = this.#options
    const { partitions, partitioner } = catalog
    if (partitions === 1) return true
    const [text, start, end] = [this.#text, this.#textStart, this.#textEnd]
    return partitionOfRange(text, start, end, partitions, partitioner) === partition
  }

  #putData(bytes: Uint8Array): void {
    const { start, end, strays, dataStrays } = this.#spans
    const decimals = this.#putCurrency(bytes)
    let misfits: Misfit[] | null = null
    for (const field of this.#fields) {
      const { name, slot } = field
      if ((start[slot] as number) < 0 || this.#putField(field, bytes, decimals)) continue
      misfits ??= []
      misfits.push({ name, value: { start: start[slot] as number, end: end[slot] as number } })
    }
    if (misfits === null && strays.length + dataStrays.length === 0) return
    const extra = toUtf8(toExtra(bytes, this.#spans, misfits ?? []))
    this.#extra.set(extra, 0, extra.length)
  }

  /** Gives how many decimals amounts have. */
  #putCurrency(bytes: Uint8Array): number {
    const start = this.#spans.start[CURRENCY] as number
    const { currency } = this.#options.catalog
    if (start < 0) {
      this.#currency?.set(this.#currencyDefault, 0, this.#currencyDefault.length)
      return CURRENCY_DECIMALS.get(currency) ?? 0
    }
    this.#putText(this.#dataCurrency, bytes, CURRENCY)
    if (this.#currency === null) return 0
    this.#putText(this.#currency, bytes, CURRENCY)
    const token = { kind: 'string', start, end: this.#spans.end[CURRENCY] as number } as const
    return CURRENCY_DECIMALS.get(toStringText(bytes, token)) ?? 0
  }

  /** false: the value does not fit the column. */
  #putField(field: FieldColumn, bytes: Uint8Array, decimals: number): boolean {
    const { slot, kind, column } = field
    const start = this.#spans.start[slot] as number
    const end = this.#spans.end[slot] as number
    const first = bytes[start] as number
    if (column.kind === 'text') {
      if (first !== (kind === 'list' ? OPEN_BRACKET : QUOTE)) return false
      if (kind === 'list') column.set(bytes, start, end)
      else this.#putText(column, bytes, slot)
      return true
    }
    if (kind === 'boolean') {
      if (first !== LETTER_T && first !== LETTER_F) return false
      column.set(first === LETTER_T ? 1 : 0)
      return true
    }
    const scale = kind === 'money' ? decimals : field.scale
    const units = readUnits(bytes, { start, end }, { scale, isInteger: kind === 'integer' })
    column.set(units)
    return !Number.isNaN(units)
  }

  /** Puts the string of a slot, decoded where it has escapes. */
  #putText(column: TextColumn, bytes: Uint8Array, slot: number): void {
    const start = this.#spans.start[slot] as number
    if (start < 0) return
    const end = this.#spans.end[slot] as number
    this.#text = bytes
    this.#textStart = start + 1
    this.#textEnd = end - 1
    if (hasEscape(bytes, start, end)) {
      this.#text = toUtf8(toStringText(bytes, { kind: 'string', start, end }))
      this.#textStart = 0
      this.#textEnd = this.#text.length
    }
    column.set(this.#text, this.#textStart, this.#textEnd)
  }
}

function toFieldColumns(writer: ChunkWriter, schema: EventSchema): readonly FieldColumn[] {
  return lakeColumnsOf(schema)
    .filter(isField)
    .map(({ name, type, source }, index) => ({
      name: source.name,
      slot: FIELD_FIRST + index,
      kind: source.field.kind,
      scale: source.field.kind === 'decimal' ? source.field.scale : 0,
      column: type === 'VARCHAR' ? writer.text(name) : writer.number(name),
    }))
}

type FieldOfLake = LakeColumn & { readonly source: Extract<LakeSource, { kind: 'field' }> }

function isField(column: LakeColumn): column is FieldOfLake {
  return column.source.kind === 'field'
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let pos = start; pos < end; pos += 1) if (bytes[pos] === BACKSLASH) return true
  return false
}
