/**
 * What `GET /metrics` tells, as lines that CloudWatch Logs turns into metrics by itself: its
 * embedded metric format. A process needs no right but to write its log, and nobody has to scrape.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
 * CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { invalidTotal } from '../model/ledger.ts'
import { toPlaceName } from './answers.ts'
import type { AuditAnswer, AuditPartition } from './contract.ts'
import type { Counters } from './scrape.ts'

/** What a process knows at one moment. */
export interface MetricsSample {
  readonly atMs: number
  /** Of the partitions that the process answers for; null: of none, or it is not known now. */
  readonly audit: AuditAnswer | null
  readonly counters: Counters
}

/** Gives the lines of a sample. Counters are told as what came since the sample before. */
export type ToEmfLines = (sample: MetricsSample) => readonly string[]

const NAMESPACE = 'Weir'
const VERDICTS = ['accepted', 'duplicate', 'invalid'] as const
type Verdict = (typeof VERDICTS)[number]
type Unit = 'Seconds' | 'Milliseconds' | 'Bytes' | 'Count' | 'None'

interface Metric {
  readonly name: string
  readonly unit: Unit
  /** null: not known, and left out. */
  readonly value: number | null
}

/** `service` is the command, and a dimension of every metric. */
export function createEmf(service: string): ToEmfLines {
  const records = createDeltas()
  const refused = createDelta()
  return ({ atMs, audit, counters }) => {
    const line = (labels: Labels, metrics: readonly Metric[]): readonly string[] =>
      toLine(atMs, { Service: service, ...labels }, metrics)
    const { collector } = counters
    const refusedNow = collector === null ? null : refused(collector.requests.get(503) ?? 0)
    return [
      ...line({}, [
        ...(audit === null ? [] : toLedgerMetrics(audit)),
        { name: 'FreshnessSeconds', unit: 'Seconds', value: counters.freshnessS },
        { name: 'ResidentBytes', unit: 'Bytes', value: counters.residentBytes },
        { name: 'RefusedRequests', unit: 'Count', value: refusedNow },
      ]),
      ...(audit === null ? [] : toShards(audit.partitions)).flatMap(([shard, partitions]) =>
        line({ Partition: String(shard) }, toLogMetrics(partitions)),
      ),
      ...(audit === null ? [] : records(audit.partitions)).flatMap(([Verdict, value]) =>
        line({ Verdict }, [{ name: 'Records', unit: 'Count', value }]),
      ),
    ]
  }
}

/** At most 30, each a text of 1 to 1024 characters. */
type Labels = { readonly [Name in 'Service' | 'Partition' | 'Verdict']?: string }

/** None where no value is known. */
function toLine(atMs: number, labels: Labels, metrics: readonly Metric[]): readonly string[] {
  const known = metrics.flatMap(({ value, ...one }) => (value === null ? [] : { ...one, value }))
  return known.length === 0 ? [] : [toEmfLine({ atMs, labels, metrics: known })]
}

export interface EmfLine {
  /** ms since the epoch. */
  readonly atMs: number
  /** Each set of labels is a metric of its own, and is paid for. */
  readonly labels: Labels
  readonly metrics: readonly {
    readonly name: string
    readonly unit: Unit
    readonly value: number
  }[]
  /** What stands beside, for who reads the log. */
  readonly beside?: { readonly [name: string]: string | number | boolean }
}

/** One line, without its end. */
export function toEmfLine({ atMs, labels, metrics, beside = {} }: EmfLine): string {
  const directive = {
    Namespace: NAMESPACE,
    Dimensions: [Object.keys(labels)],
    Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
  }
  return JSON.stringify({
    _aws: { Timestamp: atMs, CloudWatchMetrics: [directive] },
    ...labels,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
    ...beside,
  })
}

function toLedgerMetrics({ partitions }: AuditAnswer): readonly Metric[] {
  const imbalance = partitions.filter(({ balanced }) => !balanced).length
  return [
    ...toLogMetrics(partitions),
    { name: 'LedgerImbalance', unit: 'Count', value: partitions.length === 0 ? null : imbalance },
  ]
}

/** The worst of the partitions. */
function toLogMetrics(partitions: readonly AuditPartition[]): readonly Metric[] {
  const lags = partitions.flatMap(line => line.lag_seconds ?? [])
  const hours = partitions.flatMap(line => line.retention_hours ?? [])
  return [
    { name: 'LagSeconds', unit: 'Seconds', value: lags.length === 0 ? null : Math.max(...lags) },
    { name: 'RetentionHours', unit: 'None', value: hours.length === 0 ? null : Math.min(...hours) },
  ]
}

/** Partitions of one number, over all topics, are one shard: of these there are few. */
function toShards(
  partitions: readonly AuditPartition[],
): readonly (readonly [number, readonly AuditPartition[]])[] {
  const shards = [...new Set(partitions.map(({ partition }) => partition))].sort((a, b) => a - b)
  return shards.map(shard => [shard, partitions.filter(({ partition }) => partition === shard)])
}

/** A partition that is seen for the first time adds nothing: what it has is of another life. */
function createDeltas(): (
  partitions: readonly AuditPartition[],
) => readonly (readonly [Verdict, number])[] {
  const deltas = new Map<string, (total: number) => number | null>()
  const deltaOf = (name: string): ((total: number) => number | null) => {
    const known = deltas.get(name) ?? createDelta()
    deltas.set(name, known)
    return known
  }
  return partitions =>
    VERDICTS.map(verdict => {
      const parts = partitions.map(line =>
        deltaOf(`${toPlaceName(line)} ${verdict}`)(totalOf(line, verdict)),
      )
      return [verdict, parts.reduce<number>((sum, part) => sum + (part ?? 0), 0)]
    })
}

/** What a counter grew by since the last call; null at the first. It may begin anew at 0. */
function createDelta(): (total: number) => number | null {
  let before: number | null = null
  return total => {
    const delta = before === null ? null : Math.max(0, total - before)
    before = total
    return delta
  }
}

function totalOf(line: AuditPartition, verdict: Verdict): number {
  return verdict === 'invalid' ? invalidTotal(line) : line[verdict]
}
