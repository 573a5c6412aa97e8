/**
 * Upkeep of a shard between commits: objects of a crowded tier are merged, and what no manifest has
 * named for a while is removed. Nothing of it counts until a commit takes it into its manifest.
 */
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { present } from '../../std/assert.ts'
import { findCrowded } from '../ids/merge.ts'
import { isTakenOver } from './epochs.ts'
import { missing } from './faults.ts'
import type { ShardFiles } from './files.ts'
import { joinBlocks, parseIdBytes, toIdBytes } from './id-bytes.ts'
import type { OwnedShard } from './keys.ts'
import { FOLDERS, parseKey } from './keys.ts'
import type { Limits } from './limits.ts'
import type { DeltaEntry, IdsEntry, Manifest, RejectsEntry, RowsEntry } from './manifest.ts'
import { keysOf } from './manifest.ts'
import type { NamedRun, ShardRuns } from './shard-runs.ts'
import type { Replacement } from './tiers.ts'
import { findApart, planTier, replaceEntries } from './tiers.ts'
import { REJECTS_SIZE_MAX, writeMergedRejects } from './write-rejects.ts'
import { writeMergedRows } from './write-rows.ts'

export interface UpkeepOptions {
  readonly objects: ObjectStore
  readonly owned: OwnedShard
  readonly plans: readonly MetricPlan[]
  readonly limits: Limits
  readonly files: ShardFiles
  readonly runs: ShardRuns
}

/** A manifest's lists with the upkeep that was done in them. */
export interface Applied {
  readonly objects: readonly RowsEntry[]
  readonly rejects: readonly RejectsEntry[]
  readonly ids: readonly IdsEntry[]
  /** What the new manifest no longer needs, and is not yet removed. */
  garbage(manifest: Manifest, nowMs: number): Manifest['garbage']
  /** The manifest with it is committed: lets go of it. */
  adopt(): Promise<void>
}

export interface Upkeep {
  apply(manifest: Manifest): Applied
  /** Does what is due. Stops where the shard was taken over. Throws faults of objects. */
  run(manifest: () => Manifest, nowMs: number, signal: AbortSignal): Promise<void>
}

/** What was done, and is in no manifest yet. */
interface Done {
  readonly rows: readonly Replacement<RowsEntry>[]
  readonly rejects: readonly Replacement<RejectsEntry>[]
  readonly ids: readonly Replacement<IdsEntry>[]
  readonly runs: readonly { readonly from: readonly NamedRun[]; readonly to: NamedRun }[]
  /** Objects that former owners left, and no manifest names. */
  readonly strays: readonly string[]
  readonly removed: readonly string[]
}

const NONE: Done = { rows: [], rejects: [], ids: [], runs: [], strays: [], removed: [] }

export function createUpkeep(options: UpkeepOptions): Upkeep {
  const { objects, owned, limits } = options
  let done = NONE
  let isSwept = false

  const note = (more: Partial<Done>): void => {
    done = {
      rows: [...done.rows, ...(more.rows ?? [])],
      rejects: [...done.rejects, ...(more.rejects ?? [])],
      ids: [...done.ids, ...(more.ids ?? [])],
      runs: [...done.runs, ...(more.runs ?? [])],
      strays: [...done.strays, ...(more.strays ?? [])],
      removed: [...done.removed, ...(more.removed ?? [])],
    }
  }
  return {
    apply: before => {
      const taken = done
      return toApplied(before, taken, async () => {
        done = {
          rows: done.rows.filter(one => !taken.rows.includes(one)),
          rejects: done.rejects.filter(one => !taken.rejects.includes(one)),
          ids: done.ids.filter(one => !taken.ids.includes(one)),
          runs: done.runs.filter(one => !taken.runs.includes(one)),
          strays: done.strays.filter(key => !taken.strays.includes(key)),
          removed: done.removed.filter(key => !taken.removed.includes(key)),
        }
        for (const { from, to } of taken.runs) await options.runs.adoptMerge(from, to)
      })
    },
    run: async (manifest, nowMs, signal) => {
      if (!isSwept) note({ strays: await findStrays(objects, owned, manifest()) })
      isSwept = true
      const gone = new Set(done.removed)
      const due = manifest().garbage.filter(
        ({ key, since_ms }) => since_ms + limits.garbageMs <= nowMs && !gone.has(key),
      )
      if (due.length > 0) {
        // Whoever took over may need what looks like garbage here.
        if (await isTakenOver(objects, owned)) return
        for (const { key } of due) {
          signal.throwIfAborted()
          await objects.delete(key)
          note({ removed: [key] })
        }
      }
      for (const merge of [mergeRows, mergeRejects, mergeDeltas, mergeSealed]) {
        for (;;) {
          signal.throwIfAborted()
          const merged = await merge(options, manifest(), done, signal)
          if (merged === null) break
          note(merged)
        }
      }
    },
  }
}

function toApplied(before: Manifest, done: Done, adopt: () => Promise<void>): Applied {
  const rows = replaceEntries(before.objects, done.rows)
  const rejects = replaceEntries(before.rejects, done.rejects)
  const ids = replaceEntries(before.ids, done.ids)
  const written = [done.rows, done.rejects, done.ids].flatMap(keysWritten)
  return {
    objects: rows.entries,
    rejects: rejects.entries,
    ids: ids.entries,
    garbage: (manifest, nowMs) => {
      const needed = keysOf(manifest)
      const removed = new Set(done.removed)
      const old = before.garbage.filter(one => !removed.has(one.key))
      const known = new Set([...needed, ...removed, ...old.map(one => one.key)])
      // What was merged in vain, as when the merged ids were sealed meanwhile, is garbage too.
      const fresh = [...keysOf(before), ...written, ...done.strays]
      const more = [...new Set(fresh)].filter(key => !known.has(key))
      return [...old, ...more.map(key => ({ key, since_ms: nowMs }))]
    },
    adopt,
  }
}

function keysWritten(
  replacements: readonly Replacement<{ readonly key: string }>[],
): readonly string[] {
  return replacements.flatMap(one => one.to.map(entry => entry.key))
}

/** What earlier epochs left that the manifest does not name, their manifests included. */
async function findStrays(
  objects: ObjectStore,
  owned: OwnedShard,
  manifest: Manifest,
): Promise<readonly string[]> {
  const named = new Set([...keysOf(manifest), ...manifest.garbage.map(one => one.key)])
  const strays: string[] = []
  const { objects: rows, rejects, ids, refused, manifests } = FOLDERS
  for (const folder of [rows, rejects, ids, refused, manifests]) {
    for await (const { key } of objects.list(`${folder}/${owned.shard}/`)) {
      const owner = parseKey(key)
      if (owner !== null && owner.epoch < owned.epoch && !named.has(key)) strays.push(key)
    }
  }
  return strays
}

type Merge = (
  options: UpkeepOptions,
  manifest: Manifest,
  done: Done,
  signal: AbortSignal,
) => Promise<Partial<Done> | null>

const mergeRows: Merge = async (options, manifest, done, signal) => {
  const { objects, files, plans, limits } = options
  const busy = new Set(done.rows.map(one => one.to[0]?.plan))
  const lastMax = manifest.sequence - limits.commitsUnmerged
  for (const plan of plans) {
    if (busy.has(plan.hash)) continue
    const entries = manifest.objects.filter(
      entry => entry.plan === plan.hash && entry.last <= lastMax,
    )
    const chosen = planTier(entries, limits.crowd)
    if (chosen.length === 0) continue
    const apart = findApart(chosen, limits.rowsMax / 2)
    const from = chosen.filter(entry => !apart.includes(entry))
    const to = apart.map(entry => ({ ...entry, tier: entry.tier + 1 }))
    if (from.length > 0) {
      const { rowsMax } = limits
      to.push(...(await writeMergedRows(objects, files, { plan, from, rowsMax, signal })))
    }
    return { rows: [{ from: chosen, to }] }
  }
  return null
}

const mergeRejects: Merge = async ({ objects, files, limits }, manifest, done) => {
  if (done.rejects.length > 0) return null
  const small = manifest.rejects.filter(entry => entry.size < REJECTS_SIZE_MAX / 2)
  const from = planTier(small, limits.crowd)
  if (from.length === 0) return null
  return { rejects: [{ from, to: await writeMergedRejects(objects, files, from) }] }
}

const mergeDeltas: Merge = async ({ objects, files, limits }, manifest, done) => {
  if (done.ids.some(one => one.to.some(entry => entry.kind === 'delta'))) return null
  const deltas = manifest.ids.filter(entry => entry.kind === 'delta')
  const from = planTier(deltas, limits.crowd)
  if (from.length === 0) return null
  const blocks = []
  for (const { key } of from) {
    const found = await objects.get(key)
    if (found === null || found === 'unchanged') throw missing(key)
    blocks.push(...parseIdBytes(key, found.bytes))
  }
  const to: DeltaEntry = {
    kind: 'delta',
    key: await files.putNew('ids', toIdBytes(joinBlocks(blocks))),
    tier: present(from[0], 'a delta').tier + 1,
    ids: from.reduce((total, entry) => total + entry.ids, 0),
  }
  return { ids: [{ from, to: [to] }] }
}

/** Runs are merged where lookups would ask too many, as every store does. */
const mergeSealed: Merge = async ({ runs }, manifest, done, signal) => {
  if (done.runs.length > 0) return null
  const from = findCrowded(runs.held.named)
  if (from.length === 0) return null
  const to = await runs.merge(from, signal)
  const keys = new Set(from.map(run => run.entry.key))
  const entries = manifest.ids.filter(entry => keys.has(entry.key))
  return { ids: [{ from: entries, to: [to.entry] }], runs: [{ from, to }] }
}
