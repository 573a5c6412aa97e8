/** The shapes of what is told of single events: their trace, and their repair. */
import { z } from 'zod'
import type { ResultRow } from '../../model/result.ts'
import type { InvalidCode } from '../../model/verdict.ts'
import type { RejectAnswer } from './answers.ts'
import {
  invalidCode,
  millisecondTime,
  offset,
  rejectSchema,
  secondTime,
  total,
  valueSchema,
} from './answers.ts'

/** What became of an event. */
export interface TraceAnswer {
  readonly event_id: string
  /** Arrivals that were looked through: `from ≤ arrival < to`. */
  readonly from: string
  readonly to: string
  readonly searched: {
    readonly log_bytes: number
    readonly lake_files: number
    /** Whether a bound ended the search before the range did: ask of a smaller one. */
    readonly is_cut: boolean
  }
  /** By topic, partition and offset. */
  readonly copies: readonly TraceCopy[]
}

export interface TraceCopy {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** null: the record has none. */
  readonly arrival: string | null
  readonly user_id: string | null
  /** `pending`: it is not digested yet. */
  readonly verdict: 'accepted' | 'duplicate' | 'invalid' | 'pending'
  /** Of invalid ones; else null. */
  readonly code: InvalidCode | null
  readonly pointer: string | null
  readonly repaired: string | null
  /** Whether the log still holds it. */
  readonly in_log: boolean
  /** Key of the Parquet object in the lake that holds it; null: none does, yet. */
  readonly object: string | null
  /** null: it does not count, or its bytes are no longer in the log. */
  readonly windows: readonly TraceWindow[] | null
}

/** A window that counted it. */
export interface TraceWindow {
  readonly metric: string
  readonly window_start: string | null
  readonly window_end: string | null
  readonly key: ResultRow['key']
  /** What it adds there, were it alone. */
  readonly adds: ResultRow['values']
  /** It counts only if no earlier event of the user has the same value in this field. */
  readonly counts_once: string | null
}

/** What a repair came to, or, of a dry run, would come to. */
export interface RepairAnswer {
  readonly dry_run: boolean
  readonly chosen: number
  readonly repaired_before: number
  readonly valid: number
  /** By reason. */
  readonly still_invalid: { readonly [code: string]: number }
  /** By what is wrong. */
  readonly unfit: { readonly [why: string]: number }
  /** Of a dry run null, as are those below of others. */
  readonly resumed: number | null
  readonly sent: number | null
  readonly duplicates: number | null
  readonly examples: readonly RepairExampleAnswer[] | null
  readonly metrics: readonly RepairMetricAnswer[] | null
}

export interface RepairExampleAnswer {
  readonly before: RejectAnswer
  readonly after: string
}

/** What the events would add to a metric. */
export interface RepairMetricAnswer {
  readonly metric: string
  /** Measures that would get so much or less. */
  readonly at_most: readonly string[]
  /** Whether there are more rows than these. */
  readonly is_cut: boolean
  readonly rows: readonly Pick<ResultRow, 'window_start' | 'window_end' | 'key' | 'values'>[]
}

const keySchema = z.record(z.string(), z.string().nullable())
const valuesSchema = z.record(z.string(), valueSchema)
const windowOf = { window_start: secondTime.nullable(), window_end: secondTime.nullable() }

export const traceSchema: z.ZodType<TraceAnswer> = z.strictObject({
  event_id: z.string(),
  from: millisecondTime,
  to: millisecondTime,
  searched: z.strictObject({ log_bytes: total, lake_files: total, is_cut: z.boolean() }),
  copies: z.array(
    z.strictObject({
      topic: z.string(),
      partition: z.number().int().nonnegative(),
      offset,
      arrival: millisecondTime.nullable(),
      user_id: z.string().nullable(),
      verdict: z.enum(['accepted', 'duplicate', 'invalid', 'pending']),
      code: invalidCode.nullable(),
      pointer: z.string().nullable(),
      repaired: millisecondTime.nullable(),
      in_log: z.boolean(),
      object: z.string().nullable(),
      windows: z
        .array(
          z.strictObject({
            metric: z.string(),
            ...windowOf,
            key: keySchema,
            adds: valuesSchema,
            counts_once: z.string().nullable(),
          }),
        )
        .nullable(),
    }),
  ),
})

export const repairSchema: z.ZodType<RepairAnswer> = z.strictObject({
  dry_run: z.boolean(),
  chosen: total,
  repaired_before: total,
  valid: total,
  still_invalid: z.record(z.string(), total),
  unfit: z.record(z.string(), total),
  resumed: total.nullable(),
  sent: total.nullable(),
  duplicates: total.nullable(),
  examples: z.array(z.strictObject({ before: rejectSchema, after: z.string() })).nullable(),
  metrics: z
    .array(
      z.strictObject({
        metric: z.string(),
        at_most: z.array(z.string()),
        is_cut: z.boolean(),
        rows: z.array(z.strictObject({ ...windowOf, key: keySchema, values: valuesSchema })),
      }),
    )
    .nullable(),
})
