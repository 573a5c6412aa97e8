/**
 * A manifest: all that a shard is, as of its last commit: how far it read, and which objects hold
 * its rows, rejects and ids. Each commit replaces it by one put. Names are those of the wire; the
 * format is told in docs/reference/results.md.
 */
import { z } from 'zod'
import type { ObjectStore } from '../../model/object-store.ts'
import type { PartitionTotals } from '../../model/step.ts'
import type { InvalidCode } from '../../model/verdict.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { corrupt } from './faults.ts'
import type { OwnedShard } from './keys.ts'
import { toManifestKey } from './keys.ts'
import { FORMAT } from './root.ts'

export interface Manifest {
  readonly format: number
  readonly shard: number
  readonly epoch: number
  /** How many commits the shard has had, over all epochs. */
  readonly sequence: number
  /** Published progress, ms since the epoch. */
  readonly progress: number | null
  readonly catalog_version: string
  readonly committed_at_ms: number
  /** The earliest arrival in the last commit. */
  readonly arrival_ms: number | null
  readonly ledger: readonly LedgerLine[]
  readonly metrics: readonly MetricLine[]
  readonly objects: readonly RowsEntry[]
  readonly rejects: readonly RejectsEntry[]
  readonly ids: readonly IdsEntry[]
  /** How far partitions are archived in the lake; of manifests older than that there is none. */
  readonly archives?: readonly ArchiveLine[] | undefined
  /** Objects that readers of earlier manifests may still read. */
  readonly garbage: readonly { readonly key: string; readonly since_ms: number }[]
}

export interface LedgerLine {
  readonly topic: string
  readonly partition: number
  readonly offset_first: number
  readonly offset_next: number
  readonly consumed: number
  readonly skipped: number
  readonly gap: number
  readonly accepted: number
  readonly duplicate: number
  readonly invalid: { readonly [Code in InvalidCode]?: number }
  readonly misplaced: number
  readonly applied: number
  readonly time_ms: number | null
  readonly at_end: boolean
  /** Rejects written by this shard, counted where they are written. */
  readonly quarantined: number
}

export interface ArchiveLine {
  readonly topic: string
  readonly partition: number
  readonly offset_first: number
  readonly accepted_before: number
  readonly invalid_before: number
  /** The next offset to archive, and up to where refusals are known. */
  readonly offset_next: number
  readonly offset_digested: number
  readonly rows: number
  readonly rejects: number
  readonly refused: number
  readonly invalid: number
  readonly waits_since_ms: number
  /** What is refused of the offsets that wait, in order. */
  readonly ranges: readonly RefusedEntry[]
}

/** Runs of a range (see model/refused.ts): in base64, or `size` bytes at `at` of an object. */
export interface RefusedEntry {
  readonly first: number
  readonly next: number
  readonly runs: string | null
  readonly key: string | null
  readonly at: number
  readonly size: number
}

export interface MetricLine {
  readonly metric: string
  readonly plan: string
  readonly zone: string
  /** Names of a row's key. */
  readonly group_by: readonly string[]
  /** Names and kinds of a row's values; `type`: what their units are of. */
  readonly measures: readonly {
    readonly name: string
    readonly kind: string
    readonly type: string | null
  }[]
  /** Windows that begin at or before it are partial. */
  readonly partial_until_ms: number | null
  /** The sequence since which it is not counted; null: it is. */
  readonly retired: number | null
}

/** An object, or a part of one, that holds what commits `first..last` made. */
interface Entry {
  readonly key: string
  readonly first: number
  readonly last: number
  /** How often its rows were merged. */
  readonly tier: number
  readonly rows: number
}

/** Rows of one metric: one gzip member of an object. */
export interface RowsEntry extends Entry {
  readonly metric: string
  readonly plan: string
  /** The first and the last start of a window; null for `all`. */
  readonly from: string | null
  readonly to: string | null
  readonly offset: number
  readonly length: number
}

export interface RejectsEntry extends Entry {
  readonly arrival_from_ms: number
  readonly arrival_to_ms: number
  /** Bytes before compression. */
  readonly size: number
}

export type IdsEntry = DeltaEntry | RunEntry

/** Ids that a worker has in memory. */
export interface DeltaEntry {
  readonly kind: 'delta'
  readonly key: string
  readonly tier: number
  readonly ids: number
}

/** Sorted ids of one bucket that a worker looks up on its disk. */
export interface RunEntry {
  readonly kind: 'run'
  readonly key: string
  readonly bucket: number
  readonly ids: number
  readonly checksum: number
}

const whole = z.number().int()
const total = whole.nonnegative()
const entry = { key: z.string(), first: total, last: total, tier: total, rows: total }

const ledgerSchema: z.ZodType<LedgerLine> = z.object({
  topic: z.string(),
  partition: total,
  offset_first: total,
  offset_next: total,
  consumed: total,
  skipped: total,
  gap: total,
  accepted: total,
  duplicate: total,
  invalid: z.record(z.string(), total),
  misplaced: total,
  applied: total,
  time_ms: whole.nullable(),
  at_end: z.boolean(),
  quarantined: total,
})

const archiveSchema: z.ZodType<ArchiveLine> = z.object({
  topic: z.string(),
  partition: total,
  offset_first: total,
  accepted_before: total,
  invalid_before: total,
  offset_next: total,
  offset_digested: total,
  rows: total,
  rejects: total,
  refused: total,
  invalid: total,
  waits_since_ms: whole,
  ranges: z.array(
    z.object({
      first: total,
      next: total,
      runs: z.string().nullable(),
      key: z.string().nullable(),
      at: total,
      size: total,
    }),
  ),
})

const manifestSchema: z.ZodType<Manifest> = z.object({
  format: z.literal(FORMAT),
  shard: total,
  epoch: total,
  sequence: total,
  progress: whole.nullable(),
  catalog_version: z.string(),
  committed_at_ms: whole,
  arrival_ms: whole.nullable(),
  ledger: z.array(ledgerSchema),
  metrics: z.array(
    z.object({
      metric: z.string(),
      plan: z.string(),
      zone: z.string(),
      group_by: z.array(z.string()),
      measures: z.array(
        z.object({ name: z.string(), kind: z.string(), type: z.string().nullable() }),
      ),
      partial_until_ms: whole.nullable(),
      retired: total.nullable(),
    }),
  ),
  objects: z.array(
    z.object({
      ...entry,
      metric: z.string(),
      plan: z.string(),
      from: z.string().nullable(),
      to: z.string().nullable(),
      offset: total,
      length: total,
    }),
  ),
  rejects: z.array(
    z.object({ ...entry, arrival_from_ms: whole, arrival_to_ms: whole, size: total }),
  ),
  ids: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('delta'), key: z.string(), tier: total, ids: total }),
      z.object({
        kind: z.literal('run'),
        key: z.string(),
        bucket: whole,
        ids: total,
        checksum: total,
      }),
    ]),
  ),
  archives: z.array(archiveSchema).optional(),
  garbage: z.array(z.object({ key: z.string(), since_ms: whole })),
})

/** A manifest as it was read. */
export interface KnownManifest {
  readonly manifest: Manifest
  readonly version: string
}

export function toManifestBytes(manifest: Manifest): Uint8Array {
  return toUtf8(`${JSON.stringify(manifest)}\n`)
}

/**
 * Reads the manifest of an epoch; null: there is none. Throws STORE_CORRUPT where it is damaged.
 */
export async function readManifest(
  objects: ObjectStore,
  owned: OwnedShard,
  options: { readonly unless?: string; readonly signal?: AbortSignal } = {},
): Promise<KnownManifest | 'unchanged' | null> {
  const key = toManifestKey(owned)
  const found = await objects.get(key, options)
  if (found === null || found === 'unchanged') return found
  const manifest = parseManifest(key, found.bytes)
  if (manifest.shard !== owned.shard || manifest.epoch !== owned.epoch) {
    throw corrupt(key, 'is the manifest of another shard or epoch')
  }
  return { manifest, version: found.version }
}

function parseManifest(key: string, bytes: Uint8Array): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(fromUtf8(bytes)))
  } catch (cause) {
    throw corrupt(key, 'is damaged, or of another format', cause)
  }
}

/** The key of every object that a manifest needs; of `garbage` none. */
export function keysOf(manifest: Manifest): ReadonlySet<string> {
  const { objects, rejects, ids, archives = [] } = manifest
  const refused = archives.flatMap(line => line.ranges.flatMap(entry => entry.key ?? []))
  return new Set([...[...objects, ...rejects, ...ids].map(one => one.key), ...refused])
}

export function toTotals(line: LedgerLine): PartitionTotals {
  return {
    topic: line.topic,
    partition: line.partition,
    offsetFirst: line.offset_first,
    offsetNext: line.offset_next,
    consumed: line.consumed,
    skipped: line.skipped,
    gap: line.gap,
    accepted: line.accepted,
    duplicate: line.duplicate,
    invalid: line.invalid,
    misplaced: line.misplaced,
    applied: line.applied,
    timeMs: line.time_ms,
    atEnd: line.at_end,
  }
}

export function toLedgerLine(totals: PartitionTotals, quarantined: number): LedgerLine {
  return {
    topic: totals.topic,
    partition: totals.partition,
    offset_first: totals.offsetFirst,
    offset_next: totals.offsetNext,
    consumed: totals.consumed,
    skipped: totals.skipped,
    gap: totals.gap,
    accepted: totals.accepted,
    duplicate: totals.duplicate,
    invalid: totals.invalid,
    misplaced: totals.misplaced,
    applied: totals.applied,
    time_ms: totals.timeMs,
    at_end: totals.atEnd,
    quarantined,
  }
}
