/**
 * The writing side of one shard, for its owner. A commit goes through four hands: `prepare` writes
 * objects and says what the manifest will be, `check` looks whether the shard is still ours, `put`
 * replaces the manifest, which is the commit, and `adopt` takes it for the state.
 */
import type { ArchiveAdvance } from '../../model/archive.ts'
import type { IdChange, IdRun } from '../../model/ids.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { PartialBatch } from '../../model/partial.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { RefusedCount } from '../../model/refused.ts'
import type { PartitionTotals, Reject, ShardState, ShardStep } from '../../model/step.ts'
import type { Swap } from '../../model/swap.ts'
import { Fault } from '../../std/fault.ts'
import { toPartialAfter } from '../declaration.ts'
import type { Descriptors } from '../ids/files.ts'
import type { Lateness } from '../lateness.ts'
import { advanceLines, noteArchives, toArchiveTotals } from './archives.ts'
import { declareMetrics } from './declare.ts'
import { isTakenOver } from './epochs.ts'
import { fenced, missing } from './faults.ts'
import type { ShardFiles } from './files.ts'
import { createShardFiles } from './files.ts'
import { countIds, joinBlocks, parseIdBytes, toIdBytes } from './id-bytes.ts'
import type { OwnedShard } from './keys.ts'
import { FOLDERS, parseKey, toManifestKey } from './keys.ts'
import type { Limits } from './limits.ts'
import type { DeltaEntry, IdsEntry, KnownManifest, LedgerLine, Manifest } from './manifest.ts'
import { keysOf, readManifest, toLedgerLine, toManifestBytes, toTotals } from './manifest.ts'
import { FORMAT } from './root.ts'
import type { NamedRun, ShardRuns } from './shard-runs.ts'
import { openShardRuns } from './shard-runs.ts'
import { swapRows } from './swap-rows.ts'
import type { Upkeep } from './upkeep.ts'
import { createUpkeep } from './upkeep.ts'
import { newestManifests } from './watch.ts'
import { writeRejects } from './write-rejects.ts'
import { writeStepRows } from './write-rows.ts'

export interface ShardWriterOptions {
  readonly objects: ObjectStore
  readonly plans: readonly MetricPlan[]
  readonly owned: OwnedShard
  /** Of this shard alone. */
  readonly cacheDirectory: string
  readonly descriptors: Descriptors
  readonly limits: Limits
}

/** What all shards of a commit have in common. */
export interface CommitContext {
  readonly catalogVersion: string
  readonly late: ReadonlyMap<PartialBatch, readonly Lateness[]>
  readonly progress: number | null
  readonly nowMs: number
}

export interface Prepared {
  readonly manifest: Manifest
  /** Of the sealed blocks, in their order. */
  readonly runs: readonly NamedRun[]
  /** Lets go of the upkeep that the manifest holds. */
  readonly adoptUpkeep: () => Promise<void>
}

interface PreparedIds {
  readonly entries: (before: readonly IdsEntry[]) => readonly IdsEntry[]
  readonly runs: readonly NamedRun[]
}

export class ShardWriter {
  readonly owned: OwnedShard
  readonly #options: ShardWriterOptions
  readonly #files: ShardFiles
  readonly #runs: ShardRuns
  readonly #upkeep: Upkeep
  #manifest: Manifest
  /** Of an earlier epoch, until this one has its first manifest; null: there is none. */
  #predecessor: KnownManifest | null
  /** Whether this epoch has a manifest. */
  #isBegun: boolean
  #fenced: Fault | null = null

  private constructor(
    options: ShardWriterOptions,
    loaded: KnownManifest | null,
    parts: { readonly files: ShardFiles; readonly runs: ShardRuns },
  ) {
    const { objects, owned, plans, limits } = options
    this.owned = owned
    this.#options = options
    this.#files = parts.files
    this.#runs = parts.runs
    this.#isBegun = loaded?.manifest.epoch === owned.epoch
    this.#predecessor = this.#isBegun ? null : loaded
    const known = loaded?.manifest ?? blankManifest(owned)
    const partitions = known.ledger.map(toTotals)
    const metrics = declareMetrics({ ...known, partitions }, plans)
    this.#manifest = { ...known, epoch: owned.epoch, metrics }
    this.#upkeep = createUpkeep({ objects, owned, plans, limits, ...parts })
  }

  /** Throws EPOCH_FENCED where the shard has another owner already, STORE_UNAVAILABLE else. */
  static async open(options: ShardWriterOptions): Promise<ShardWriter> {
    const { objects, owned, cacheDirectory: directory, descriptors } = options
    const loaded = await readNewest(objects, owned)
    if (loaded !== null && loaded.manifest.epoch > owned.epoch) throw fenced(owned)
    if (await isTakenOver(objects, owned)) throw fenced(owned)
    const manifest = loaded?.manifest ?? null
    const files = createShardFiles(objects, owned, numberAfter(manifest, owned))
    const entries = manifest?.ids.filter(entry => entry.kind === 'run') ?? []
    const runs = await openShardRuns({ objects, files, directory, descriptors, entries })
    return new ShardWriter(options, loaded, { files, runs })
  }

  /** As of the last commit. */
  get manifest(): Manifest {
    return this.#manifest
  }

  get isBegun(): boolean {
    return this.#isBegun
  }

  get isFenced(): boolean {
    return this.#fenced !== null
  }

  get partitions(): readonly PartitionTotals[] {
    return this.#manifest.ledger.map(toTotals)
  }

  async load(): Promise<ShardState> {
    const deltas = this.#manifest.ids.filter(entry => entry.kind === 'delta')
    const blocks = await readDeltas(this.#options.objects, deltas)
    const ids = { blocks: joinBlocks(blocks), runs: this.#runs.held.runs }
    const archives = (this.#manifest.archives ?? []).map(toArchiveTotals)
    return { shard: this.owned.shard, partitions: this.partitions, ids, archives }
  }

  /** `step` null: only says that the shard is ours, and what it counts. */
  async prepare(step: ShardStep | null, context: CommitContext): Promise<Prepared> {
    if (this.#fenced !== null) throw this.#fenced
    const known = this.#manifest
    const sequence = known.sequence + (step === null ? 0 : 1)
    const upkeep = this.#upkeep.apply(known)
    const { partials, rejects, ids } = step ?? NOTHING
    const { late, progress, nowMs, catalogVersion } = context
    const { rowsMax } = this.#options.limits
    const origin = { first: sequence, last: sequence, tier: 0 }
    const writing = [
      writeStepRows(this.#files, { partials, late, sequence, rowsMax }),
      writeRejects(this.#files, rejects, origin),
      this.#prepareIds(ids),
      this.#noteArchives(step),
    ] as const
    // An error waits for all: then nothing more is being written.
    await Promise.allSettled(writing)
    const [rows, quarantined, prepared, archives] = await Promise.all(writing)
    const manifest: Manifest = {
      ...known,
      sequence,
      progress,
      catalog_version: catalogVersion,
      committed_at_ms: nowMs,
      arrival_ms: step === null ? known.arrival_ms : step.arrivalMs,
      ledger: step === null ? known.ledger : toLedger(known.ledger, step),
      objects: [...upkeep.objects, ...rows],
      rejects: [...upkeep.rejects, ...quarantined],
      ids: prepared.entries(upkeep.ids),
      archives,
    }
    const garbage = upkeep.garbage(manifest, nowMs)
    return {
      manifest: { ...manifest, garbage },
      runs: prepared.runs,
      adoptUpkeep: () => upkeep.adopt(),
    }
  }

  /** A manifest that differs only in how far a partition is archived. */
  async prepareArchive(
    advance: ArchiveAdvance,
    nowMs: number,
  ): Promise<Prepared & { readonly gone: RefusedCount }> {
    if (this.#fenced !== null) throw this.#fenced
    const known = this.#manifest
    const { objects } = this.#options
    const { after, gone } = await advanceLines(objects, known.archives ?? [], advance)
    const manifest = { ...known, archives: after }
    const needed = keysOf(manifest)
    const unneeded = [...keysOf(known)].filter(key => !needed.has(key))
    const garbage = [...known.garbage, ...unneeded.map(key => ({ key, since_ms: nowMs }))]
    return { manifest: { ...manifest, garbage }, runs: [], adoptUpkeep: async () => {}, gone }
  }

  /** A manifest whose rows and ids are those of the swap, as far as they are this shard's. */
  async prepareSwap(swap: Swap, nowMs: number): Promise<Prepared> {
    if (this.#fenced !== null) throw this.#fenced
    const known = this.#manifest
    const { shard } = this.owned
    const sequence = known.sequence + 1
    const upkeep = this.#upkeep.apply(known)
    const { rowsMax } = this.#options.limits
    let { objects } = upkeep
    for (const metric of swap.metrics) {
      const one = { shard, metric, sequence, rowsMax }
      objects = await swapRows(this.#options.objects, this.#files, { entries: objects, swap: one })
    }
    const change = swap.ids.find(one => one.shard === shard)?.change ?? NOTHING.ids
    const prepared = await this.#prepareIds(change)
    const manifest: Manifest = {
      ...known,
      sequence,
      metrics: toSwapped(known.metrics, swap),
      committed_at_ms: nowMs,
      objects,
      rejects: upkeep.rejects,
      ids: prepared.entries(upkeep.ids),
    }
    return {
      manifest: { ...manifest, garbage: upkeep.garbage(manifest, nowMs) },
      runs: prepared.runs,
      adoptUpkeep: () => upkeep.adopt(),
    }
  }

  /**
   * Throws EPOCH_FENCED where the shard was taken over, and STORE_UNAVAILABLE where the one before
   * committed after this one loaded its state: open again, and load what it wrote.
   */
  async check(): Promise<void> {
    const { objects } = this.#options
    if (await isTakenOver(objects, this.owned)) {
      this.#fenced = fenced(this.owned)
      throw this.#fenced
    }
    if (this.#isBegun) return
    const { shard } = this.owned
    const before = this.#predecessor
    const epoch = before?.manifest.epoch ?? null
    const newest = await newestEpoch(objects, shard)
    const isSame =
      newest === epoch &&
      (before === null ||
        (await readManifest(objects, before.manifest, { unless: before.version })) === 'unchanged')
    if (isSame) return
    throw new Fault(
      'STORE_UNAVAILABLE',
      `the former owner of shard ${shard} committed after its state was read, and nothing ` +
        'changed here; open the store again',
    )
  }

  /** The commit. Throws OBJECTS_UNAVAILABLE, and then nobody knows whether it took effect. */
  async put({ manifest }: Prepared): Promise<void> {
    await this.#options.objects.put(toManifestKey(this.owned), toManifestBytes(manifest))
  }

  async adopt(prepared: Prepared): Promise<readonly IdRun[]> {
    this.#manifest = prepared.manifest
    this.#isBegun = true
    this.#predecessor = null
    const runs = prepared.runs.map(run => this.#runs.held.hold(run))
    await prepared.adoptUpkeep()
    return runs
  }

  /** Merges and removes what is due; nothing of it counts before the next commit. */
  async maintain(nowMs: number, signal: AbortSignal): Promise<void> {
    if (this.#fenced !== null || !this.#isBegun) return
    try {
      await this.#upkeep.run(() => this.#manifest, nowMs, signal)
    } catch (error) {
      // Whoever took over may have removed what this manifest names: it is theirs to tidy.
      if (signal.aborted || !(await isTakenOver(this.#options.objects, this.owned))) throw error
    }
  }

  async #noteArchives(step: ShardStep | null): Promise<Manifest['archives']> {
    const { archives } = this.#manifest
    return step === null ? archives : await noteArchives(archives ?? [], step, this.#files)
  }

  async #prepareIds(change: IdChange): Promise<PreparedIds> {
    const { added, sealed, kept } = change
    if (sealed.length === 0 && added.length === 0) return { entries: before => before, runs: [] }
    if (sealed.length === 0) {
      const delta = await this.#writeDelta(added)
      return { entries: before => [...before, ...delta], runs: [] }
    }
    const runs: NamedRun[] = []
    for (const block of sealed) runs.push(await this.#runs.write(block))
    const delta = await this.#writeDelta(kept)
    const entries = (before: readonly IdsEntry[]): readonly IdsEntry[] => [
      ...before.filter(entry => entry.kind === 'run'),
      ...runs.map(run => run.entry),
      ...delta,
    ]
    return { entries, runs }
  }

  async #writeDelta(blocks: IdChange['added']): Promise<readonly DeltaEntry[]> {
    const ids = countIds(blocks)
    if (ids === 0) return []
    const key = await this.#files.putNew('ids', toIdBytes(blocks))
    return [{ kind: 'delta', key, tier: 0, ids }]
  }
}

const NOTHING: Pick<ShardStep, 'partials' | 'rejects' | 'ids'> = {
  partials: [],
  rejects: [],
  ids: { added: [], sealed: [], kept: [] },
}

function toSwapped(lines: Manifest['metrics'], swap: Swap): Manifest['metrics'] {
  return lines.map(line => {
    const one = swap.metrics.find(({ plan }) => plan.hash === line.plan)
    if (one === undefined) return line
    return { ...line, partial_until_ms: toPartialAfter(line.partial_until_ms, one.range) }
  })
}

function blankManifest({ shard, epoch }: OwnedShard): Manifest {
  return {
    format: FORMAT,
    shard,
    epoch,
    sequence: 0,
    progress: null,
    catalog_version: '',
    committed_at_ms: 0,
    arrival_ms: null,
    ledger: [],
    metrics: [],
    objects: [],
    rejects: [],
    ids: [],
    garbage: [],
  }
}

async function readNewest(
  objects: ObjectStore,
  { shard }: OwnedShard,
): Promise<KnownManifest | null> {
  const epoch = await newestEpoch(objects, shard)
  if (epoch === null) return null
  const found = await readManifest(objects, { shard, epoch })
  if (found === null || found === 'unchanged') throw missing(toManifestKey({ shard, epoch }))
  return found
}

async function newestEpoch(objects: ObjectStore, shard: number): Promise<number | null> {
  const newest = await newestManifests(objects, `${FOLDERS.manifests}/${shard}/`)
  return newest.get(shard) ?? null
}

/** The lowest number that no file of the epoch has, as far as its manifest knows. */
function numberAfter(manifest: Manifest | null, { epoch }: OwnedShard): number {
  if (manifest === null) return 1
  const keys = [...keysOf(manifest), ...manifest.garbage.map(one => one.key)]
  const numbers = keys
    .map(parseKey)
    .filter(owner => owner?.epoch === epoch)
    .map(owner => owner?.number ?? 0)
  return numbers.reduce((most, number) => Math.max(most, number), 0) + 1
}

async function readDeltas(
  objects: ObjectStore,
  entries: readonly DeltaEntry[],
): Promise<IdChange['added']> {
  const blocks: IdChange['added'][] = []
  for (const { key } of entries) {
    const found = await objects.get(key)
    if (found === null || found === 'unchanged') throw missing(key)
    blocks.push(parseIdBytes(key, found.bytes))
  }
  return blocks.flat()
}

function toLedger(before: readonly LedgerLine[], step: ShardStep): readonly LedgerLine[] {
  const placeOf = (one: Pick<Reject, 'topic' | 'partition'>): string =>
    `${one.partition} ${one.topic}`
  const counts = new Map(before.map(line => [placeOf(line), line.quarantined]))
  for (const reject of step.rejects) {
    const place = placeOf(reject)
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  return step.partitions.map(totals => toLedgerLine(totals, counts.get(placeOf(totals)) ?? 0))
}
