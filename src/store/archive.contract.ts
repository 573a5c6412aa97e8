/** What every store keeps for the archive. Run by the tests of each adapter. */
import { expect, test } from 'vitest'
import type { ArchiveAdvance, PartitionRefused } from '../model/archive.ts'
import type { Reason, RefusedRun } from '../model/refused.ts'
import { createRefusedWriter, readRefused } from '../model/refused.ts'
import type { Step } from '../model/step.ts'
import type { StoreBed } from './bed.ts'
import { plansOf, reject, stepOf, totals } from './steps.ts'
import type { Store } from './store.ts'

const PLACE = { topic: 'sold', partition: 0 }
const MISSING: Reason = { code: 'missing', pointer: '/data/item' }
const plans = plansOf()

/** Offsets refused, as [offset, reason], of a step that goes from `first` to `next`. */
function refusedOf(
  first: number,
  next: number,
  refusals: readonly (readonly [number, Reason | null])[],
): PartitionRefused {
  const writer = createRefusedWriter(first)
  for (const [offset, reason] of refusals) writer.refuse(offset, 1, reason)
  return { ...PLACE, ...writer.take(next) }
}

/** Of every ten offsets the third is a duplicate, the sixth invalid. */
function tens(number: number): Step {
  const first = number * 10
  const refused = refusedOf(first, first + 10, [
    [first + 3, null],
    [first + 6, MISSING],
  ])
  const count = number + 1
  const partition = totals({ accepted: 8 * count, duplicate: count, invalid: { missing: count } })
  return stepOf({
    partitions: [partition],
    rejects: [reject(first + 6)],
    arrivalMs: 5_000,
    refused: [refused],
  })
}

const advance = (from: number, to: number, rows: number, rejects: number): ArchiveAdvance => {
  return { ...PLACE, offsetFirst: from, offsetNext: to, rows, rejects, atMs: 9_000 }
}

async function runsOf(store: Store, from: number): Promise<readonly RefusedRun[]> {
  const ranges = await store.refused(PLACE, from)
  return ranges.flatMap(range => [...readRefused(range)]).filter(run => run.offset >= from)
}

export function testArchive(makeBed: () => Promise<StoreBed>): void {
  test('refusals wait until they are archived, over openings', async () => {
    await using bed = await makeBed()
    const first = await bed.open(plans)
    for (const number of [0, 1, 2, 3]) await first.commit(tens(number))
    const [shard] = (await first.load()).shards
    expect(shard?.archives).toMatchObject([
      { ...PLACE, offsetFirst: 0, offsetNext: 0, offsetDigested: 40, refused: 8, invalid: 4 },
    ])
    expect((await runsOf(first, 0)).map(run => run.offset)).toEqual([3, 6, 13, 16, 23, 26, 33, 36])
    await first.archive(advance(0, 24, 20, 2))
    await first[Symbol.asyncDispose]()
    await using store = await bed.open(plans)
    const after = (await store.load()).shards[0]?.archives
    expect(after).toMatchObject([
      { offsetNext: 24, rows: 20, rejects: 2, refused: 3, invalid: 2, waitsSinceMs: 9_000 },
    ])
    expect(await runsOf(store, 24)).toEqual([
      { offset: 26, count: 1, reason: MISSING },
      { offset: 33, count: 1, reason: null },
      { offset: 36, count: 1, reason: MISSING },
    ])
    await store.commit(tens(4))
    await store.archive(advance(24, 50, 21, 3))
    expect(await store.refused(PLACE, 50)).toEqual([])
  })

  test('the ledger closes over the lake, and does not where rows are missing there', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    for (const number of [0, 1, 2]) await store.commit(tens(number))
    expect((await store.audit()).partitions).toMatchObject([
      { archived_offset: 0, lake_rows: 0, lake_rejects: 0, balanced: true },
    ])
    await store.archive(advance(0, 17, 13, 2))
    expect((await store.audit()).partitions).toMatchObject([
      { archived_offset: 17, lake_rows: 13, lake_rejects: 2, balanced: true },
    ])
    await store.archive(advance(17, 27, 7, 1))
    expect((await store.audit()).partitions).toMatchObject([{ lake_rows: 20, balanced: false }])
  })

  test('archiving that was off begins anew, where it is on again', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    await store.commit(tens(0))
    const { shards, catalogVersion } = tens(1)
    const silent = shards.map(({ refused: _refused, ...rest }) => rest)
    await store.commit({ catalogVersion, shards: silent })
    expect((await store.audit()).partitions).toMatchObject([
      { archived_offset: null, lake_rows: null, lake_rejects: null, balanced: true },
    ])
    await store.commit(tens(2))
    expect((await runsOf(store, 0)).map(run => run.offset)).toEqual([23, 26])
    await store.archive(advance(20, 30, 8, 1))
    expect((await store.load()).shards[0]?.archives).toMatchObject([
      { offsetFirst: 20, offsetNext: 30, acceptedBefore: 16, invalidBefore: 2 },
    ])
    expect((await store.audit()).partitions).toMatchObject([{ lake_rows: 8, balanced: true }])
  })

  test('very many refusals wait, and are told in parts', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    const size = 30_000
    const steps = 6
    for (let number = 0; number < steps; number += 1) {
      const first = number * size
      const half = Array.from(
        { length: size / 2 },
        (_, index) => [first + 2 * index, null] as const,
      )
      const all = (number + 1) * (size / 2)
      const refused = [refusedOf(first, first + size, half)]
      await store.commit(
        stepOf({ partitions: [totals({ accepted: all, duplicate: all })], refused }),
      )
    }
    let from = 0
    let count = 0
    for (;;) {
      const ranges = await store.refused(PLACE, from)
      const runs = ranges.flatMap(range => [...readRefused(range)])
      count += runs.filter(run => run.offset >= from).reduce((sum, run) => sum + run.count, 0)
      const last = ranges.at(-1)
      if (last === undefined) break
      from = last.next
    }
    expect(count).toBe((steps * size) / 2)
    await store.archive(advance(0, 100_001, 50_000, 0))
    await store.archive(advance(100_001, steps * size, 40_000, 0))
    expect((await store.audit()).partitions).toMatchObject([{ balanced: true, lake_rows: 90_000 }])
  })
}
