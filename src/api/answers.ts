/** From what the other rooms know to what the contract says: pure functions, one per answer. */
import type { Ledger, LedgerPartition } from '../model/ledger.ts'
import type { MetricPlan } from '../model/plan.ts'
import type { PartitionBounds } from '../model/record.ts'
import type { KeptReject, RejectPage } from '../model/result.ts'
import { additiveOf, rollUpsOf } from '../model/shape.ts'
import { toMillisecondText } from '../model/time.ts'
import { INVALID_CODES } from '../model/verdict.ts'
import type { WindowSpec } from '../model/window.ts'
import { fromUtf8Strict } from '../std/bytes.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../std/units.ts'
import type {
  AuditAnswer,
  AuditPartition,
  MetricAnswer,
  MetricsAnswer,
  QuarantineAnswer,
  RejectAnswer,
} from './contract.ts'

export function toMetricsAnswer(plans: readonly MetricPlan[]): MetricsAnswer {
  return { metrics: plans.map(toMetricAnswer) }
}

function toMetricAnswer(plan: MetricPlan): MetricAnswer {
  return {
    name: plan.name,
    zone: plan.zone,
    window: toWindowText(plan.window),
    group_by: plan.groupBy.map(field => field.name),
    measures: plan.measures.map(({ name, kind }) => ({ name, kind })),
    top: plan.top,
    roll_ups: rollUpsOf(plan),
    additive: additiveOf(plan),
  }
}

/** A fixed window as its config writes it, in the largest unit that gives a whole number. */
function toWindowText(window: WindowSpec): string {
  if (window.kind !== 'fixed') return window.kind
  const { durationMs } = window
  if (durationMs % DAY_MS === 0) return `${durationMs / DAY_MS}d`
  if (durationMs % HOUR_MS === 0) return `${durationMs / HOUR_MS}h`
  if (durationMs % MINUTE_MS === 0) return `${durationMs / MINUTE_MS}m`
  return `${durationMs / SECOND_MS}s`
}

/** What the log holds, beside a ledger. */
export interface LogState {
  /** Of all partitions. Read after the ledger, so that no lag is below 0. */
  readonly bounds: readonly PartitionBounds[]
  /**
   * When the oldest record arrived that is not digested, ms since the epoch, by `topic partition`;
   * of partitions that lag, as far as it is known.
   */
  readonly oldestMs: ReadonlyMap<string, number>
  /** Likewise of the oldest record that is digested and not archived, where the log has an end. */
  readonly unarchivedMs?: ReadonlyMap<string, number>
  readonly nowMs: number
  /** How many rejects were repaired, by `topic partition`; without it: none. */
  readonly repaired?: ReadonlyMap<string, number>
}

/**
 * The ledger with the log beside it. A partition that the log has and the ledger does not was never
 * read: it has a line of zeros. `state` null: what the log holds is not known.
 */
export function toAuditAnswer(
  ledger: Ledger,
  state: LogState | null,
  progress: number | null,
): AuditAnswer {
  const partitions =
    state === null ? ledger.partitions.map(toLineAlone) : toLinesBeside(ledger.partitions, state)
  return {
    balanced: ledger.balanced,
    progress: progress === null ? null : toMillisecondText(progress),
    lag: state === null ? null : partitions.reduce((lag, line) => lag + (line.lag ?? 0), 0),
    partitions,
  }
}

function toLineAlone(line: LedgerPartition): AuditPartition {
  const unknown = { offset_end: null, lag: null, lag_seconds: null, retention_hours: null }
  return { ...line, ...unknown, repaired: null }
}

function toLinesBeside(
  lines: readonly LedgerPartition[],
  state: LogState,
): readonly AuditPartition[] {
  const bounds = new Map(state.bounds.map(bound => [toPlaceName(bound), bound]))
  const known = new Set(lines.map(toPlaceName))
  const unread = state.bounds.filter(bound => !known.has(toPlaceName(bound))).map(toUnreadLine)
  return [...lines, ...unread].map(line => {
    const bound = bounds.get(toPlaceName(line))
    const offsetEnd = Math.max(bound?.offsetEnd ?? 0, line.offset_next)
    const lag = offsetEnd - line.offset_next
    const ageMs = lag === 0 ? 0 : ageOfOldest(line, state)
    return {
      ...line,
      offset_end: offsetEnd,
      lag,
      lag_seconds: ageMs === null ? null : ageMs / SECOND_MS,
      retention_hours: toHoursLeft(bound?.retentionMs ?? null, ageOfNeeded(line, ageMs, state)),
      repaired: state.repaired?.get(toPlaceName(line)) ?? 0,
    }
  })
}

function ageOfOldest(line: LedgerPartition, { oldestMs, nowMs }: LogState): number | null {
  const arrivedMs = oldestMs.get(toPlaceName(line))
  return arrivedMs === undefined ? null : Math.max(0, nowMs - arrivedMs)
}

/** Of the oldest record that is still to be read, by the digest or the archive. */
function ageOfNeeded(
  line: LedgerPartition,
  ageMs: number | null,
  { unarchivedMs, nowMs }: LogState,
): number | null {
  const isArchived = line.archived_offset === null || line.archived_offset >= line.offset_next
  if (isArchived) return ageMs
  const arrivedMs = unarchivedMs?.get(toPlaceName(line))
  return arrivedMs === undefined ? null : Math.max(ageMs ?? 0, nowMs - arrivedMs)
}

/** Until retention deletes the oldest record that is still to be read. */
function toHoursLeft(retentionMs: number | null, ageMs: number | null): number | null {
  if (retentionMs === null || !Number.isFinite(retentionMs) || ageMs === null) return null
  return Math.max(0, retentionMs - ageMs) / HOUR_MS
}

/** No topic holds a blank. */
export function toPlaceName(place: { readonly topic: string; readonly partition: number }): string {
  return `${place.topic} ${place.partition}`
}

function toUnreadLine(bound: PartitionBounds): LedgerPartition {
  return {
    topic: bound.topic,
    partition: bound.partition,
    offset_first: bound.offsetFirst,
    offset_next: bound.offsetFirst,
    consumed: 0,
    skipped: 0,
    gap: 0,
    accepted: 0,
    duplicate: 0,
    invalid: {},
    misplaced: 0,
    applied: 0,
    quarantined: 0,
    archived_from: null,
    archived_offset: null,
    lake_rows: null,
    lake_rejects: null,
    balanced: true,
  }
}

export function toQuarantineAnswer(page: RejectPage): QuarantineAnswer {
  return { rejects: page.rejects.map(toRejectAnswer), next: page.next }
}

export function toRejectAnswer(reject: KeptReject): RejectAnswer {
  const { repairedMs = null } = reject
  const key = toText(reject.key)
  const value = toText(reject.value)
  return {
    topic: reject.topic,
    partition: reject.partition,
    offset: reject.offset,
    arrival: reject.arrivalMs < 0 ? null : toMillisecondText(reject.arrivalMs),
    code: reject.code,
    message: INVALID_CODES[reject.code],
    pointer: reject.pointer,
    key: key.text,
    key_encoding: key.encoding,
    value: value.text,
    value_encoding: value.encoding,
    file: reject.file,
    line: reject.line,
    repaired: repairedMs === null ? null : toMillisecondText(repairedMs),
  }
}

function toText(bytes: Uint8Array | null): {
  readonly text: string | null
  readonly encoding: 'utf8' | 'base64' | null
} {
  if (bytes === null) return { text: null, encoding: null }
  const text = fromUtf8Strict(bytes)
  if (text !== null) return { text, encoding: 'utf8' }
  return { text: Buffer.from(bytes).toString('base64'), encoding: 'base64' }
}
