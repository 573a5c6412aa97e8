/** What every store does, whatever it is made of. Run by the tests of each adapter. */
import { describe, expect, test } from 'vitest'
import type { IdState } from '../model/ids.ts'
import { count, countDistinct, defineMetric, sum } from '../model/metric.ts'
import type { MetricPlan } from '../model/plan.ts'
import type { RejectFilter } from '../model/result.ts'
import { testAnswers } from './answers.contract.ts'
import { testArchive } from './archive.contract.ts'
import type { StoreBed } from './bed.ts'
import { expectFault, rowsOf } from './bed.ts'
import { testShapes } from './shapes.contract.ts'
import { block, plansOf, reject, shardStep, sold, stepOf, toBatch, totals } from './steps.ts'
import type { Store } from './store.ts'
import { testSwap, testWholeRows } from './swap.contract.ts'

const hourly = defineMetric('hourly', {
  from: sold,
  window: 'hour',
  groupBy: ['data.item'],
  measures: { sales: count(), pieces: sum('data.pieces'), shops: countDistinct('data.shop') },
})
const endless = defineMetric('endless', { from: sold, window: 'all', measures: { sales: count() } })
const plans = plansOf(hourly, endless)
const [plan, endlessPlan] = plans as [MetricPlan, MetricPlan]

const NOON = '2026-03-01T12:00:00Z'
const at = (time: string): number => Date.parse(`2026-03-01T${time}Z`)

/** What every store does. */
const TESTS = [
  testSteps,
  testProgress,
  testIds,
  testQuarantine,
  testAnswers,
  testShapes,
  testArchive,
  testSwap,
] as const

/** Of a store that one process opens at a time, and that commits a step in one piece. */
export function testStore(name: string, makeBed: () => Promise<StoreBed>): void {
  describe(name, () => {
    for (const run of [...TESTS, testHolding, testRevisions, testWholeRows]) run(makeBed)
  })
}

/**
 * Of a store that others may open too. Where each shard has a writer of its own, each tells its own
 * revisions.
 */
export function testSharedStore(
  name: string,
  writers: 'one' | 'many',
  makeBed: () => Promise<StoreBed>,
): void {
  const more = writers === 'one' ? [testRevisions, testWholeRows] : []
  describe(name, () => {
    for (const run of [...TESTS, ...more]) run(makeBed)
  })
}

function testSteps(makeBed: () => Promise<StoreBed>): void {
  test('a new store is empty', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    const empty = { partitions: [], ids: { blocks: [], runs: [] }, archives: [] }
    expect(await store.load()).toEqual({
      progress: null,
      sequence: 0,
      shards: [
        { shard: 0, ...empty },
        { shard: 1, ...empty },
      ],
    })
    expect(await rowsOf(store, 'hourly')).toEqual([])
    expect(await store.audit()).toEqual({ balanced: true, partitions: [] })
  })

  test('what was committed is there after opening again', async () => {
    await using bed = await makeBed()
    const partition = totals({ accepted: 2, timeMs: at('12:10:00'), invalid: { not_json: 1 } })
    const batch = toBatch(plan, [{ time: NOON, key: ['a'], events: 2, values: { sales: 2 } }])
    const committed = stepOf({ partitions: [partition], partials: [batch], rejects: [reject(7)] })
    const before = await bed.open(plans)
    await before.load()
    expect(await before.commit(committed)).toEqual({
      sequence: 1,
      progress: at('12:10:00'),
      runs: [],
    })
    const rows = await rowsOf(before, 'hourly')
    await before[Symbol.asyncDispose]()
    await using after = await bed.open(plans)
    const state = await after.load()
    expect(state).toMatchObject({ sequence: 1, progress: at('12:10:00') })
    expect(state.shards.map(shard => shard.partitions)).toEqual([[partition], []])
    expect(await rowsOf(after, 'hourly')).toEqual(rows)
    expect(rows).toHaveLength(1)
    expect((await after.audit()).balanced).toBe(true)
    expect((await after.rejects({ limit: 10, cursor: null })).rejects).toEqual([reject(7)])
  })

  test('rows add up however they were split over steps, batches and shards', async () => {
    const rows = Array.from({ length: 24 }, (_, index) => ({
      time: index % 2 === 0 ? NOON : '2026-03-01T13:30:00Z',
      key: [['a', 'b', null][index % 3] ?? null],
      values: { sales: 1, pieces: index - 12, shops: [index % 5] },
    }))
    const splits = [24, 7, 1].map(size =>
      Array.from({ length: Math.ceil(24 / size) }, (_, part) =>
        rows.slice(part * size, (part + 1) * size),
      ),
    )
    const answers: unknown[] = []
    for (const split of splits) {
      await using bed = await makeBed()
      await using store = await bed.open(plans)
      for (const [index, part] of split.entries()) {
        const partials = [toBatch(plan, part.slice(0, 3)), toBatch(plan, part.slice(3))]
        await store.commit(stepOf({ shard: index % 2, partials }))
      }
      answers.push(await rowsOf(store, 'hourly'))
    }
    expect(answers[0]).toHaveLength(6)
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })

  test('the ledger balances, and an unbalanced step shows', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    const good = totals({ accepted: 3, duplicate: 1, invalid: { not_json: 1 } })
    await store.commit(stepOf({ partitions: [good], rejects: [reject(4)] }))
    expect(await store.audit()).toMatchObject({ balanced: true })
    const torn = totals({ partition: 1, accepted: 3, applied: 2 })
    await store.commit(stepOf({ shard: 1, partitions: [torn] }))
    const ledger = await store.audit()
    expect(ledger.balanced).toBe(false)
    expect(ledger.partitions.map(one => [one.partition, one.balanced, one.quarantined])).toEqual([
      [0, true, 1],
      [1, false, 0],
    ])
  })

  test('a closed store refuses, and another number of partitions too', async () => {
    await using bed = await makeBed()
    const store = await bed.open(plans)
    await store.commit(stepOf({}))
    await store[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await expectFault(() => store.commit(stepOf({})), 'STORE_UNAVAILABLE', /closed/)
    await expectFault(() => store.audit(), 'STORE_UNAVAILABLE', /closed/)
    await expectFault(() => bed.open(plans, 3), 'DATA_DIR_MISMATCH', /2 partitions.*set/)
  })
}

function testHolding(makeBed: () => Promise<StoreBed>): void {
  test('a store that is open is busy', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    await expectFault(() => bed.open(plans), 'DATA_DIR_BUSY', /open|held/)
    await store.commit(stepOf({}))
  })
}

function testRevisions(makeBed: () => Promise<StoreBed>): void {
  const batch = (sales: number): ReturnType<typeof toBatch> =>
    toBatch(plan, [{ time: NOON, key: ['a'], events: sales, values: { sales } }])
  const read = async (store: Store): Promise<unknown> => {
    const [row] = await rowsOf(store, 'hourly')
    return [row?.status, row?.revision, row?.late, row?.values['sales']]
  }

  test('a window is open, final, and revised once per step that changes it late', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    const moved = (time: string): ReturnType<typeof totals>[] => [
      totals({ accepted: 1, timeMs: at(time) }),
    ]
    await store.commit(stepOf({ partitions: moved('12:30:00'), partials: [batch(1)] }))
    expect(await read(store)).toEqual(['open', 0, 0, 1])
    // The step that makes the window final is not late itself.
    await store.commit(stepOf({ partitions: moved('13:10:00'), partials: [batch(2)] }))
    expect(await read(store)).toEqual(['final', 0, 0, 3])
    await store.commit(
      stepOf(
        { partitions: moved('13:11:00'), partials: [batch(4), batch(1)] },
        { shard: 1, partials: [batch(5)] },
      ),
    )
    expect(await read(store)).toEqual(['revised', 1, 10, 13])
    await store.commit(stepOf({ partitions: moved('13:11:00'), partials: [batch(1)] }))
    expect(await read(store)).toEqual(['revised', 2, 11, 14])
  })
}

function testProgress(makeBed: () => Promise<StoreBed>): void {
  test('`all` is always open, and never late', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    const far = [totals({ accepted: 1, timeMs: Date.parse('2030-01-01T00:00:00Z') })]
    const once = toBatch(endlessPlan, [{ time: NOON, values: { sales: 1 } }])
    await store.commit(stepOf({ partitions: far, partials: [once] }))
    await store.commit(stepOf({ partitions: far, partials: [once] }))
    expect(await rowsOf(store, 'endless')).toEqual([
      {
        window_start: null,
        window_end: null,
        key: {},
        values: { sales: 2 },
        status: 'open',
        revision: 0,
        late: 0,
        exact: true,
        partial: false,
        source: 'stream',
      },
    ])
  })

  test('progress is the least over all shards behind, and never decreases', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    const commit = async (
      shard: number,
      timeMs: number | null,
      atEnd: boolean,
    ): Promise<unknown> => {
      const partitions = [totals({ partition: shard, accepted: 1, timeMs, atEnd })]
      return (await store.commit(stepOf({ shard, partitions }))).progress
    }
    expect(await commit(0, at('12:00:00'), false)).toBe(at('12:00:00'))
    expect(await commit(1, at('11:00:00'), false)).toBe(at('12:00:00'))
    expect(await commit(1, at('12:30:00'), false)).toBe(at('12:00:00'))
    expect(await commit(0, at('14:00:00'), false)).toBe(at('12:30:00'))
    expect(await commit(1, at('12:30:00'), true)).toBe(at('14:00:00'))
    expect((await store.load()).progress).toBe(at('14:00:00'))
  })

  test('a metric declared later is partial over what had begun, and stays so', async () => {
    await using bed = await makeBed()
    const first = await bed.open(plansOf(hourly))
    const partitions = [totals({ accepted: 1, timeMs: at('12:20:00') })]
    await first.commit(stepOf({ partitions }))
    await first[Symbol.asyncDispose]()
    const read = async (): Promise<unknown> => {
      await using store = await bed.open(plans)
      const flags = [...(await rowsOf(store, 'hourly')), ...(await rowsOf(store, 'endless'))]
      return flags.map(row => row.partial)
    }
    const second = await bed.open(plans)
    const rows = [
      { time: NOON, key: ['a'] },
      { time: '2026-03-01T13:00:00Z', key: ['a'] },
    ]
    const partials = [toBatch(plan, rows), toBatch(endlessPlan, [{ time: NOON }])]
    await second.commit(stepOf({ partitions, partials }))
    await second[Symbol.asyncDispose]()
    expect(await read()).toEqual([false, false, true])
    // While `hourly` is away, the other goes on.
    const third = await bed.open(plansOf(endless))
    await third.commit(stepOf({ partitions }))
    await third[Symbol.asyncDispose]()
    expect(await read()).toEqual([true, false, true])
    expect(await read()).toEqual([true, false, true])
  })
}

function testIds(makeBed: () => Promise<StoreBed>): void {
  const has = (ids: IdState, number: number): boolean =>
    ids.runs.some(run => run.has(number, number + 1, number + 2, number + 3))
  const blocksOf = (ids: IdState): unknown =>
    ids.blocks
      .toSorted((a, b) => a.bucket - b.bucket)
      .map(one => [one.bucket, Buffer.from(one.ids).toString('hex')])
  const told = (bucket: number, numbers: readonly number[]): unknown => [
    bucket,
    Buffer.from(block(bucket, numbers).ids).toString('hex'),
  ]

  test('ids are added, sealed into runs, kept, and there after opening again', async () => {
    await using bed = await makeBed()
    const store = await bed.open(plans)
    const change = { sealed: [], kept: [] }
    const added = [block(1, [5, 9]), block(-2, [7])]
    await store.commit(stepOf({ ids: { ...change, added } }))
    await store.commit(stepOf({ ids: { ...change, added: [block(1, [1])] } }))
    await store[Symbol.asyncDispose]()
    const again = await bed.open(plans)
    const before = (await again.load()).shards.map(shard => blocksOf(shard.ids))
    expect(before).toEqual([[told(-2, [7]), told(1, [5, 9, 1])], []])
    const sealed = [block(1, [1, 5, 9]), block(3, [-5])]
    const kept = [block(-2, [7])]
    const { runs } = await again.commit(stepOf({ ids: { added: [block(3, [-5])], sealed, kept } }))
    expect(runs.map(({ shard, run }) => [shard, run.bucket, run.idCount])).toEqual([
      [0, 1, 3],
      [0, 3, 1],
    ])
    const sought = [1, 5, 9, -5, 7, 2, 6, 10]
    const found = [true, true, true, true, false, false, false, false]
    const held = { blocks: [], runs: runs.map(({ run }) => run) }
    expect(sought.map(number => has(held, number))).toEqual(found)
    await again.commit(stepOf({ ids: { ...change, added: [block(1, [10])] } }))
    await again[Symbol.asyncDispose]()
    await using last = await bed.open(plans)
    const [ids] = (await last.load()).shards.map(shard => shard.ids)
    expect(blocksOf(ids as IdState)).toEqual([told(-2, [7]), told(1, [10])])
    expect(sought.map(number => has(ids as IdState, number))).toEqual(found)
  })

  test('runs of many seals together hold what was sealed', async () => {
    await using bed = await makeBed()
    const store = await bed.open(plans)
    for (let turn = 0; turn < 20; turn += 1) {
      const numbers = Array.from({ length: 30 }, (_, index) => index * 20 + turn)
      await store.commit(
        stepOf({ shard: 1, ids: { added: [], sealed: [block(4, numbers)], kept: [] } }),
      )
    }
    await store[Symbol.asyncDispose]()
    await using again = await bed.open(plans)
    const ids = (await again.load()).shards[1]?.ids as IdState
    expect(ids.runs.reduce((total, run) => total + run.idCount, 0)).toBe(600)
    for (let number = -50; number < 650; number += 1) {
      expect(has(ids, number)).toBe(number >= 0 && number < 600)
    }
  })
}

function testQuarantine(makeBed: () => Promise<StoreBed>): void {
  test('rejects come newest first, page by page, with all their bytes', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    const key = Uint8Array.of(0xff, 0, 0x22)
    const rejects = [
      ...Array.from({ length: 25 }, (_, offset) =>
        reject(offset, { arrivalMs: 1_000 + (offset >> 2) }),
      ),
      reject(3, { topic: 'weir.unparsed', partition: 1, file: "it's.csv", line: 4, key }),
      reject(4, { arrivalMs: -1, value: null }),
      reject(5, { value: new Uint8Array(65_536).fill(7) }),
    ]
    await store.commit(stepOf(shardStep({ rejects })))
    const found: unknown[] = []
    let cursor: string | null = null
    do {
      const page = await store.rejects({ limit: 4, cursor })
      expect(page.rejects.length).toBeLessThanOrEqual(4)
      found.push(...page.rejects)
      cursor = page.next
    } while (cursor !== null)
    expect(found).toEqual(
      rejects.toSorted(
        (a, b) =>
          b.arrivalMs - a.arrivalMs ||
          (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : b.offset - a.offset),
      ),
    )
    const wrong = (limit: number, given: string | null): (() => Promise<unknown>) => {
      return () => store.rejects({ limit, cursor: given })
    }
    await expectFault(wrong(0, null), 'QUERY_INVALID', /limit is 0/)
    await expectFault(wrong(5, 'x'), 'QUERY_INVALID', /cursor/)
  })

  test('a filter gives the rejects that are meant, and its cursors go on among them', async () => {
    await using bed = await makeBed()
    await using store = await bed.open(plans)
    const rejects = Array.from({ length: 24 }, (_, offset) =>
      reject(offset, {
        arrivalMs: offset === 0 ? -1 : 1_000 + (offset >> 1),
        code: offset % 3 === 0 ? 'missing' : 'future',
        topic: offset % 2 === 0 ? 'sold' : 'weir.unparsed',
      }),
    )
    await store.commit(stepOf(shardStep({ rejects: rejects.slice(0, 11) })))
    await store.commit(stepOf(shardStep({ rejects: rejects.slice(11) })))
    const offsetsOf = async (filter: RejectFilter): Promise<readonly number[]> => {
      const offsets: number[] = []
      let cursor: string | null = null
      do {
        const page = await store.rejects({ ...filter, limit: 2, cursor })
        offsets.push(...page.rejects.map(({ offset }) => offset))
        cursor = page.next
      } while (cursor !== null)
      return offsets.toSorted((a, b) => a - b)
    }
    expect(await offsetsOf({ code: 'missing' })).toEqual([0, 3, 6, 9, 12, 15, 18, 21])
    expect(await offsetsOf({ code: 'missing', topic: 'sold' })).toEqual([0, 6, 12, 18])
    expect(await offsetsOf({ topic: 'sold', partition: 0, offset: 6 })).toEqual([6])
    expect(await offsetsOf({ topic: 'sold', partition: 1, offset: 6 })).toEqual([])
    expect(await offsetsOf({ fromMs: 1_005, toMs: 1_007 })).toEqual([10, 11, 12, 13])
    // One without arrival is in no range.
    expect(await offsetsOf({ toMs: 1_001 })).toEqual([1])
    expect(await offsetsOf({ topic: "'; --" })).toEqual([])
  })
}
