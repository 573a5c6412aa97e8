/**
 * The scan: record batches become columns. It walks the bytes of a fetch once, makes no object per
 * event, and gives for each data record either a valid event's fields or the reason why it is none.
 * Whatever is behind this interface has to pass the differential test in `scanner.differential.ts`.
 */

import type { ColumnRef } from '../../model/plan.ts'
import type { Fetch } from '../../model/record.ts'
import type { Invalid } from '../../model/verdict.ts'

export interface Scanner {
  /**
   * Scans the records of a fetch from `fetch.offset` on. `wanted` names the fields whose columns
   * are needed; all declared fields are checked whatever is wanted. The columns are valid until the
   * next scan. Throws LOG_CORRUPT for bytes that are no record batches v2.
   */
  scan(fetch: Fetch, wanted: readonly ColumnRef[]): Columns
}

export interface Columns {
  /** Data records, in order of offset. Columns have at least so many entries, and may have more. */
  readonly rowCount: number
  /** Control records and offsets missing between, before and after the records. */
  readonly skippedCount: number
  readonly gapCount: number
  /** What `start` and `end` of text columns, keys and values point into. */
  readonly bytes: Uint8Array
  readonly offset: Float64Array
  /** -1: the record has none. */
  readonly arrivalMs: Float64Array
  /** 1 where the event is valid; then and only then the columns below hold. */
  readonly valid: Uint8Array
  readonly timeMs: Float64Array
  readonly eventId: TextColumn
  readonly userId: TextColumn
  /** Index into CURRENCY_CODES: `data.currency`, or the catalog's. */
  readonly currency: Uint16Array
  /** In the order of `wanted`; text columns for text, number columns for all other types. */
  readonly fields: readonly FieldColumn[]
  /** The rows that are not valid, in order, with what quarantine keeps of them. */
  readonly invalids: readonly InvalidRow[]
  /** How many records took the slow path. */
  readonly slowCount: number
}

/** Decoded UTF-8 at bytes[start..end) of `Columns.bytes`; start -1: the field is missing. */
export interface TextColumn {
  readonly kind: 'text'
  readonly start: Int32Array
  readonly end: Int32Array
}

/**
 * Integers, decimals in units of their scale, money in minor units, booleans as 0 and 1: all exact
 * in a double, since |units| ≤ 10^15. NaN: the field is missing.
 */
export interface NumberColumn {
  readonly kind: 'number'
  readonly values: Float64Array
}

export type FieldColumn = TextColumn | NumberColumn

export interface InvalidRow {
  readonly row: number
  readonly invalid: Invalid
  /** Copies: they outlive the scan. */
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly file: string | null
  readonly line: number | null
}
