/**
 * The shapes of answers: a type that the code fills, and beside it the schema that tests hold
 * answers against and OpenAPI is written from; that both say the same is checked by the compiler.
 *
 * Times are RFC 3339 in UTC; names are snake_case; a refusal is a `problem` (RFC 9457).
 */
import { z } from 'zod'
import type { Ledger, LedgerPartition } from '../../model/ledger.ts'
import type { MeasurePlan } from '../../model/plan.ts'
import type { Problem, ProblemCode } from '../../model/problem.ts'
import { PROBLEMS } from '../../model/problem.ts'
import type { Result, ResultRow, Value } from '../../model/result.ts'
import type { InvalidCode } from '../../model/verdict.ts'
import { INVALID_CODES } from '../../model/verdict.ts'
import { FAULTS } from '../../std/fault.ts'

export interface MetricsAnswer {
  readonly metrics: readonly MetricAnswer[]
}

export interface MetricAnswer {
  readonly name: string
  readonly zone: string
  /** `minute`, `hour`, `day`, `week`, `month`, `all`, or a length as `15m`. */
  readonly window: string
  /** Names as in the keys of rows. */
  readonly group_by: readonly string[]
  readonly measures: readonly { readonly name: string; readonly kind: MeasurePlan['kind'] }[]
  readonly top: { readonly by: string; readonly limit: number } | null
  /** Larger windows that its windows can be put together to. */
  readonly roll_ups: readonly string[]
  /** Measures that add up over keys and windows. */
  readonly additive: readonly string[]
}

/** The best keys of a range. */
export interface TopAnswer {
  readonly metric: string
  readonly zone: string
  readonly by: string
  /** The range, as it was asked for. */
  readonly from: string | null
  readonly to: string | null
  readonly source: string
  /** By `by` from the largest down, then by key. */
  readonly rows: readonly TopRow[]
}

export interface TopRow {
  /** From 1; rows of equal value have their ranks by their keys. */
  readonly rank: number
  readonly key: ResultRow['key']
  readonly values: ResultRow['values']
  readonly late: number
  readonly exact: boolean
  readonly partial: boolean
}

/** The ledger, and beside it how much of the log is not digested yet. */
export interface AuditAnswer extends Ledger {
  /** Event time that all partitions have come to; null: none yet. */
  readonly progress: string | null
  /** Over all partitions of the log; null: the log is not read here. */
  readonly lag: number | null
  readonly partitions: readonly AuditPartition[]
}

export interface AuditPartition extends LedgerPartition {
  /** One past the newest record of the log; null: the log is not read here. */
  readonly offset_end: number | null
  /** Records that are not digested yet; null: the log is not read here. */
  readonly lag: number | null
  /** How long the oldest record waits that is not digested; null: not known. */
  readonly lag_seconds: number | null
  /**
   * Until the log deletes that record, or an older one that is not archived, where archiving is on;
   * else one that came now. null: never.
   */
  readonly retention_hours: number | null
  /** Of those in quarantine, how many were repaired and sent again; null: not known here. */
  readonly repaired: number | null
}

export interface QuarantineAnswer {
  /** Newest arrival first. */
  readonly rejects: readonly RejectAnswer[]
  readonly next: string | null
}

/** null: there are no bytes. */
type Encoding = 'utf8' | 'base64' | null

export interface RejectAnswer {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** null: the record has none. */
  readonly arrival: string | null
  readonly code: InvalidCode
  /** What the code says. */
  readonly message: string
  readonly pointer: string
  readonly key: string | null
  readonly key_encoding: Encoding
  /** The original bytes: as text where they are valid UTF-8. */
  readonly value: string | null
  readonly value_encoding: Encoding
  readonly file: string | null
  readonly line: number | null
  /** When it was repaired and sent again; null: it was not. */
  readonly repaired: string | null
}

/** One record of the log, for people. */
export interface TailRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly arrival: string
  /** `valid`, or why not; whether it is a duplicate only the digest knows. */
  readonly looks: string
  /** Bytes that are not UTF-8 are shown as U+FFFD. */
  readonly value: string
}

export interface HealthAnswer {
  readonly status: 'ok' | 'starting' | 'ready' | 'draining'
  readonly version: string
}

const measureKinds = ['count', 'sum', 'min', 'max', 'count_distinct', 'ratio'] as const
const faultCodes = Object.keys(FAULTS).map(code => code.toLowerCase())
const problemCodes = [...Object.keys(PROBLEMS), ...faultCodes] as ProblemCode[]
export const offset: z.ZodType<number> = z.number().int().nonnegative()
export const total: z.ZodType<number> = z.number().int().nonnegative()
export const secondTime: z.ZodType<string> = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
export const millisecondTime: z.ZodType<string> = z.iso.datetime({ precision: 3 })
export const invalidCode: z.ZodType<InvalidCode> = z.enum(
  Object.keys(INVALID_CODES) as InvalidCode[],
)
const encoding = z.enum(['utf8', 'base64']).nullable()

export const metricsSchema: z.ZodType<MetricsAnswer> = z.strictObject({
  metrics: z.array(
    z.strictObject({
      name: z.string(),
      zone: z.string(),
      window: z.string(),
      group_by: z.array(z.string()),
      measures: z.array(z.strictObject({ name: z.string(), kind: z.enum(measureKinds) })),
      top: z.strictObject({ by: z.string(), limit: z.number().int() }).nullable(),
      roll_ups: z.array(z.string()),
      additive: z.array(z.string()),
    }),
  ),
})

export const valueSchema: z.ZodType<Value> = z.union([
  z.number(),
  z.string(),
  z.null(),
  z.record(z.string(), z.string().nullable()),
])

const rowSchema: z.ZodType<ResultRow> = z.strictObject({
  window_start: secondTime.nullable(),
  window_end: secondTime.nullable(),
  key: z.record(z.string(), z.string().nullable()),
  values: z.record(z.string(), valueSchema),
  status: z.enum(['open', 'final', 'revised']),
  revision: total,
  late: total,
  exact: z.boolean(),
  partial: z.boolean(),
  source: z.string(),
})

export const resultSchema: z.ZodType<Result> = z.strictObject({
  metric: z.string(),
  zone: z.string(),
  rows: z.array(rowSchema),
  next: z.string().nullable(),
})

export const topSchema: z.ZodType<TopAnswer> = z.strictObject({
  metric: z.string(),
  zone: z.string(),
  by: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  source: z.string(),
  rows: z.array(
    z.strictObject({
      rank: z.number().int().positive(),
      key: z.record(z.string(), z.string().nullable()),
      values: z.record(z.string(), valueSchema),
      late: total,
      exact: z.boolean(),
      partial: z.boolean(),
    }),
  ),
})

export const auditSchema: z.ZodType<AuditAnswer> = z.strictObject({
  balanced: z.boolean(),
  progress: millisecondTime.nullable(),
  lag: total.nullable(),
  partitions: z.array(
    z.strictObject({
      topic: z.string(),
      partition: z.number().int().nonnegative(),
      offset_first: offset,
      offset_next: offset,
      offset_end: offset.nullable(),
      lag: total.nullable(),
      lag_seconds: z.number().nonnegative().nullable(),
      retention_hours: z.number().nonnegative().nullable(),
      repaired: total.nullable(),
      consumed: total,
      skipped: total,
      gap: total,
      accepted: total,
      duplicate: total,
      invalid: z.record(z.string(), total),
      misplaced: total,
      applied: total,
      quarantined: total,
      archived_from: offset.nullable(),
      archived_offset: offset.nullable(),
      lake_rows: total.nullable(),
      lake_rejects: total.nullable(),
      balanced: z.boolean(),
    }),
  ),
})

export const rejectSchema: z.ZodType<RejectAnswer> = z.strictObject({
  topic: z.string(),
  partition: z.number().int().nonnegative(),
  offset,
  arrival: millisecondTime.nullable(),
  code: invalidCode,
  message: z.string(),
  pointer: z.string(),
  key: z.string().nullable(),
  key_encoding: encoding,
  value: z.string().nullable(),
  value_encoding: encoding,
  file: z.string().nullable(),
  line: z.number().int().positive().nullable(),
  repaired: millisecondTime.nullable(),
})

export const quarantineSchema: z.ZodType<QuarantineAnswer> = z.strictObject({
  rejects: z.array(rejectSchema),
  next: z.string().nullable(),
})

export const tailLineSchema: z.ZodType<readonly TailRecord[]> = z.array(
  z.strictObject({
    topic: z.string(),
    partition: z.number().int().nonnegative(),
    offset,
    arrival: millisecondTime,
    looks: z.string(),
    value: z.string(),
  }),
)

export const healthSchema: z.ZodType<HealthAnswer> = z.strictObject({
  status: z.enum(['ok', 'starting', 'ready', 'draining']),
  version: z.string(),
})

/** What the collector says of each event of a body. */
export const collectedSchema: z.ZodType = z.strictObject({
  items: z.array(
    z.strictObject({
      index: z.number().int().nonnegative(),
      event_id: z.string().nullable(),
      status: z.enum(['stored', 'invalid']),
      code: z.exactOptional(invalidCode),
      pointer: z.string().exactOptional(),
    }),
  ),
})

/** What Segment's libraries are told. */
export const succeededSchema: z.ZodType = z.strictObject({ success: z.literal(true) })

export const problemSchema: z.ZodType<Problem> = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(problemCodes),
  detail: z.string(),
})
