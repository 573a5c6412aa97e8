/** What `GET /metrics` tells an operator: the ledger, the log, and what the process counted. */

import type { PartitionBounds } from '../model/record.ts'
import type { InvalidCode } from '../model/verdict.ts'
import { SECOND_MS } from '../std/units.ts'
import type { AuditAnswer, AuditPartition } from './contract.ts'
import type { Family, Sample } from './prometheus.ts'

/** What the process counted since it started. */
export interface Counters {
  readonly startMs: number
  readonly residentBytes: number
  /** Age of what answers show: from append to commit, of the newest commit; null: none yet. */
  readonly freshnessS: number | null
  /** null: there is no live stream here. */
  readonly live: { readonly clients: number; readonly dropped: number } | null
  /** null: this process is no digest worker. */
  readonly worker: WorkerCounters | null
  /** null: no events are taken here. */
  readonly collector: {
    /** By status. */
    readonly requests: ReadonlyMap<number, number>
    readonly itemsStored: number
    readonly itemsInvalid: number
    /** Calls of Segment's libraries that are not kept, by name. */
    readonly callsIgnored: ReadonlyMap<string, number>
    readonly inFlightRequests: number
    readonly inFlightBytes: number
  } | null
  /** Requests that were turned away at the door, by the code of the problem they were told. */
  readonly refusals: ReadonlyMap<string, number>
}

export interface WorkerCounters {
  readonly shards: number
  /** How often the shares changed. */
  readonly assignments: number
  readonly commits: number
  /** Commits that were refused, because another worker had taken the shard over. */
  readonly fenced: number
}

export interface ScrapeSources {
  readonly audit: AuditAnswer
  readonly bounds: readonly PartitionBounds[]
  readonly counters: Counters
  readonly progress: number | null
  readonly version: string
}

export function toFamilies(sources: ScrapeSources): readonly Family[] {
  return [
    ...ledgerFamilies(sources.audit),
    ...flowFamilies(sources),
    ...serverFamilies(sources.counters),
    infoFamily(sources.version),
  ]
}

function ledgerFamilies(audit: AuditAnswer): readonly Family[] {
  const { partitions } = audit
  return [
    counter('weir_records_total', 'Records by verdict.', partitions.flatMap(verdictSamples)),
    counter('weir_invalid_records_total', 'Invalid records by reason.', codeSamples(partitions)),
    counter(
      'weir_misplaced_records_total',
      'Records in a partition where their user does not belong.',
      partitions.map(line => ({ labels: toLabels(line), value: line.misplaced })),
    ),
    counter(
      'weir_quarantine_records_total',
      'Records that rest in quarantine.',
      partitions.map(line => ({ labels: toLabels(line), value: line.quarantined })),
    ),
    counter(
      'weir_repaired_records_total',
      'Records of the quarantine that were repaired and sent again.',
      partitions.flatMap(line => sampleOf(line, line.repaired)),
    ),
    gauge('weir_ledger_balanced', 'Whether all equations of the ledger hold: 1 or 0.', [
      plain(audit.balanced ? 1 : 0),
    ]),
    gauge(
      'weir_lag_records',
      'Records of the log that are not digested yet.',
      partitions.flatMap(line => sampleOf(line, line.lag)),
    ),
    gauge(
      'weir_lag_seconds',
      'How long the oldest record waits that is not digested yet.',
      partitions.flatMap(line => sampleOf(line, line.lag_seconds)),
    ),
    gauge(
      'weir_retention_hours',
      'Until the log deletes the oldest record that is not digested, or not archived.',
      partitions.flatMap(line => sampleOf(line, line.retention_hours)),
    ),
  ]
}

/** None where the value is not known. */
function sampleOf(line: AuditPartition, value: number | null): readonly Sample[] {
  return value === null ? [] : [{ labels: toLabels(line), value }]
}

function flowFamilies({ bounds, counters, progress }: ScrapeSources): readonly Family[] {
  return [
    gauge(
      'weir_log_size_bytes',
      'What a partition takes on disk.',
      bounds.map(bound => ({ labels: toLabels(bound), value: bound.sizeBytes })),
    ),
    ...freshnessFamilies(counters),
    gauge(
      'weir_progress_timestamp_seconds',
      'Event time that all partitions have come to.',
      maybe(progress === null ? null : progress / SECOND_MS),
    ),
  ]
}

/** Of a process that answers no questions. */
export function toServiceFamilies(counters: Counters, version: string): readonly Family[] {
  return [...freshnessFamilies(counters), ...serverFamilies(counters), infoFamily(version)]
}

function infoFamily(version: string): Family {
  return gauge('weir_info', 'Which Weir this is.', [{ labels: { version }, value: 1 }])
}

function freshnessFamilies({ freshnessS }: Counters): readonly Family[] {
  const help = 'How long the newest committed record took from its append to the answers.'
  return [gauge('weir_freshness_seconds', help, maybe(freshnessS))]
}

function serverFamilies(counters: Counters): readonly Family[] {
  const { collector, live, worker, refusals, startMs, residentBytes } = counters
  return [
    counter(
      'weir_refused_requests_total',
      'Requests turned away before their body was looked at, by the code of the problem.',
      [...refusals].map(([code, value]) => ({ labels: { code }, value })),
    ),
    ...(collector === null ? [] : collectorFamilies(collector)),
    ...(live === null ? [] : liveFamilies(live)),
    ...(worker === null ? [] : workerFamilies(worker)),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', [
      plain(residentBytes),
    ]),
    gauge('process_start_time_seconds', 'Start time of the process since the unix epoch.', [
      plain(startMs / SECOND_MS),
    ]),
  ]
}

function collectorFamilies(collector: NonNullable<Counters['collector']>): readonly Family[] {
  const requests = [...collector.requests].sort(([left], [right]) => left - right)
  return [
    counter(
      'weir_collector_requests_total',
      'Requests with events by status; 499: the client left first.',
      requests.map(([status, value]) => ({ labels: { status }, value })),
    ),
    counter('weir_collector_items_total', 'Items received and stored, by how they looked.', [
      { labels: { status: 'stored' }, value: collector.itemsStored },
      { labels: { status: 'invalid' }, value: collector.itemsInvalid },
    ]),
    counter(
      'weir_collector_ignored_calls_total',
      "Calls of Segment's libraries that are answered and not kept, by name.",
      [...collector.callsIgnored].map(([call, value]) => ({ labels: { call }, value })),
    ),
    gauge('weir_collector_in_flight_requests', 'Requests not answered yet.', [
      plain(collector.inFlightRequests),
    ]),
    gauge('weir_collector_in_flight_bytes', 'Bodies held in memory.', [
      plain(collector.inFlightBytes),
    ]),
  ]
}

function liveFamilies(live: NonNullable<Counters['live']>): readonly Family[] {
  return [
    gauge('weir_live_clients', 'Clients of the live stream.', [plain(live.clients)]),
    counter('weir_live_dropped_total', 'Live clients sent away because they read too slowly.', [
      plain(live.dropped),
    ]),
  ]
}

function workerFamilies(worker: WorkerCounters): readonly Family[] {
  return [
    gauge('weir_worker_shards', 'Shards that this worker digests.', [plain(worker.shards)]),
    counter('weir_worker_assignments_total', 'How often its shards changed.', [
      plain(worker.assignments),
    ]),
    counter('weir_worker_commits_total', 'Steps that it committed.', [plain(worker.commits)]),
    counter(
      'weir_worker_fenced_total',
      'Commits refused because another worker had taken the shard over.',
      [plain(worker.fenced)],
    ),
  ]
}

function verdictSamples(line: AuditPartition): readonly Sample[] {
  const labels = toLabels(line)
  const invalid = line.consumed - line.accepted - line.duplicate
  return [
    { labels: { ...labels, verdict: 'accepted' }, value: line.accepted },
    { labels: { ...labels, verdict: 'duplicate' }, value: line.duplicate },
    { labels: { ...labels, verdict: 'invalid' }, value: invalid },
  ]
}

/** Summed over partitions, so that there are at most topics times codes of them. */
function codeSamples(partitions: readonly AuditPartition[]): readonly Sample[] {
  const totals = new Map<string, Map<InvalidCode, number>>()
  for (const line of partitions) {
    const codes = totals.get(line.topic) ?? new Map<InvalidCode, number>()
    totals.set(line.topic, codes)
    for (const [code, count] of Object.entries(line.invalid) as [InvalidCode, number][]) {
      codes.set(code, (codes.get(code) ?? 0) + count)
    }
  }
  return [...totals].flatMap(([topic, codes]) =>
    [...codes].map(([code, value]) => ({ labels: { topic, code }, value })),
  )
}

function toLabels(place: { readonly topic: string; readonly partition: number }): {
  readonly topic: string
  readonly partition: number
} {
  return { topic: place.topic, partition: place.partition }
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, kind: 'counter', help, samples }
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, kind: 'gauge', help, samples }
}

function plain(value: number): Sample {
  return { labels: {}, value }
}

function maybe(value: number | null): readonly Sample[] {
  return value === null ? [] : [plain(value)]
}
