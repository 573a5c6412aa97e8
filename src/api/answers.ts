/** From what the other rooms know to what the contract says: pure functions, one per answer. */
import type { Ledger, LedgerPartition } from '../model/ledger.ts'
import type { MetricPlan } from '../model/plan.ts'
import type { PartitionBounds } from '../model/record.ts'
import type { RejectPage } from '../model/result.ts'
import type { Reject } from '../model/step.ts'
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

/**
 * The ledger with the log beside it. `bounds` are read after the ledger, so that no lag is below 0.
 * A partition that the log has and the ledger does not was never read: it has a line of zeros.
 */
export function toAuditAnswer(
  ledger: Ledger,
  bounds: readonly PartitionBounds[],
  progress: number | null,
): AuditAnswer {
  const ends = new Map(bounds.map(bound => [toName(bound), bound.offsetEnd]))
  const known = new Set(ledger.partitions.map(toName))
  const unread = bounds.filter(bound => !known.has(toName(bound))).map(toUnreadLine)
  const partitions = [...ledger.partitions, ...unread].map((line): AuditPartition => {
    const offsetEnd = Math.max(ends.get(toName(line)) ?? 0, line.offset_next)
    return { ...line, offset_end: offsetEnd, lag: offsetEnd - line.offset_next }
  })
  return {
    balanced: ledger.balanced,
    progress: progress === null ? null : toMillisecondText(progress),
    lag: partitions.reduce((lag, line) => lag + line.lag, 0),
    partitions,
  }
}

/** No topic holds a blank. */
function toName(place: { readonly topic: string; readonly partition: number }): string {
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
    balanced: true,
  }
}

export function toQuarantineAnswer(page: RejectPage): QuarantineAnswer {
  return { rejects: page.rejects.map(toRejectAnswer), next: page.next }
}

export function toRejectAnswer(reject: Reject): RejectAnswer {
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
